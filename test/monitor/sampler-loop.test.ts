import { expect, onTestFinished, test } from 'vitest';
import type { MachineStatus } from '../../activities/hypervisor/driver.js';
import { runSampler } from '../../monitor/sampler-loop.js';
import type { Outcome, Reading, Sampler } from '../../monitor/sampler.js';
import type { MachineConfig } from '../../config/types.js';

const MACHINE = { name: 'a', url: 'http://127.0.0.1:1' } as MachineConfig;

interface Running {
  /** Of `sample`, in ms as performance.now tells. */
  asked: number[];
  taken: (readonly Reading[])[];
  told: (string | null)[];
  seen: Outcome[];
}

interface World {
  timeoutMs?: number;
  power?: MachineStatus['power'];
  asksProxies?: boolean;
}

function run(
  sample: (call: number, signal: AbortSignal) => Promise<Reading[]>,
  { timeoutMs = 1000, power = 'on', asksProxies = false }: World = {},
): Running {
  const running: Running = { asked: [], taken: [], told: [], seen: [] };
  const sampler: Sampler = {
    ...{ name: 'test', asksProxies },
    sample: (_machine, signal) => sample(running.asked.push(performance.now()), signal),
  };
  const stop = new AbortController();
  const ended = runSampler(
    sampler,
    {
      ...{ intervalMs: 20, timeoutMs, machine: () => MACHINE },
      driver: { status: () => Promise.resolve({ power, incarnation: null }) },
      take: (_machine, readings) => running.taken.push(readings),
      seen: (outcome) => running.seen.push(outcome),
      tell: (reason) => running.told.push(reason),
    },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await expect(ended).rejects.toThrow('aborted');
  });
  return running;
}

test('a sampler that fails thrice is told as dead, with what it fails by now, and when it comes back', async () => {
  const running = run((call) => (call <= 5 ? Promise.reject(new Error(`refused ${call}`)) : Promise.resolve([])));

  await expect.poll(() => running.told.at(-1)).toBeNull();

  expect(running.told).toEqual(['refused 3', 'refused 4', 'refused 5', null]);
});

test('two failures in a row are nothing to tell', async () => {
  const running = run((call) => (call % 3 === 0 ? Promise.resolve([]) : Promise.reject(new Error('refused'))));

  await expect.poll(() => running.taken.length).toBeGreaterThan(3);

  expect(running.told).toEqual([]);
});

test('one that hangs is given up in time and asked more rarely, and its late answer is not taken', async () => {
  const aborted: boolean[] = [];
  const running = run(
    (call, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.push(true);
          setTimeout(() => resolve([]), 5);
        });
        if (call > 4) resolve([]);
      }),
    { timeoutMs: 10 },
  );

  await expect.poll(() => running.taken.length).toBeGreaterThan(0);

  expect(aborted.length).toBeGreaterThanOrEqual(4);
  expect(running.told[0]).toContain('0.01 s');
  const gaps = running.asked.slice(1, 5).map((at, index) => at - (running.asked[index] ?? 0));
  // 2, 4, 8 and 8 intervals.
  expect(gaps[2]).toBeGreaterThan(1.5 * (gaps[0] ?? 0));
});

test('of a machine that is off there is nothing to tell, but where the proxies are asked', async () => {
  const refuse = (): Promise<Reading[]> => Promise.reject(new Error('refused'));
  const off = run(refuse, { power: 'off' });
  const proxies = run(refuse, { power: 'off', asksProxies: true });

  await expect.poll(() => off.seen.length).toBeGreaterThan(4);
  await expect.poll(() => proxies.told.length).toBeGreaterThan(0);

  expect(new Set(off.seen)).toEqual(new Set(['nothing']));
  expect(off.told).toEqual([]);
});
