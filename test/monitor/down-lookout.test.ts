import { expect, onTestFinished, test, vi } from 'vitest';
import type { MachineConfig } from '../../config/types.js';
import type { DownEvidence } from '../../monitor/down-watch.js';
import { DownLookout } from '../../monitor/down-lookout.js';
import { Reporter } from '../../monitor/reporter.js';

test('while Temporal is out of reach a lone evidence, and its end, are tried once, and looks go on without waiting for it', async () => {
  let tries = 0;
  const away = (): Promise<void> => {
    tries++;
    return Promise.reject(new Error('Temporal is away.'));
  };
  const reporter = new Reporter(
    'shop',
    { aging: away, down: away, swapped: away, anomaly: away },
    () => undefined,
    () => Promise.resolve(),
  );
  const found: { evidence: DownEvidence[] } = { evidence: [] };
  const evidences = { look: () => Promise.resolve(found.evidence), reset: () => undefined };
  const lookout = new DownLookout(3, evidences, reporter);
  const machine = { name: 'tomcat-a' } as MachineConfig;
  const look = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count++) await lookout.look(machine, new AbortController().signal);
  };

  found.evidence = [{ kind: 'health', text: 'refused' }];
  await look(20);
  expect(tries).toBe(1);
  found.evidence = [];
  await look(20);
  expect(tries).toBe(2);
});

test('a machine that is down is told every 30 seconds, whatever its evidence, and at once when it dies again after it was well', async () => {
  const clock = vi.spyOn(performance, 'now');
  onTestFinished(() => clock.mockRestore());
  const down: DownEvidence[] = [
    { kind: 'health', text: 'refused' },
    { kind: 'proxies', text: 'refused' },
  ];
  let at = 0;
  /** When it was told, in s, of looks every two seconds up to a minute. */
  const toldAt = async (foundAt: (second: number) => DownEvidence[]): Promise<number[]> => {
    const told: number[] = [];
    const evidences = { look: () => Promise.resolve(foundAt(at)), reset: () => undefined };
    const lookout = new DownLookout(3, evidences, {
      ...{ well: () => undefined, anomaly: () => false, tell: () => Promise.resolve() },
      down: () => void told.push(at),
    });
    for (at = 0; at < 60; at += 2) {
      clock.mockReturnValue(at * 1000);
      await lookout.look({ name: 'tomcat-a' } as MachineConfig, new AbortController().signal);
    }
    return told;
  };

  expect(await toldAt(() => down)).toEqual([4, 34]);
  // For a look the proxies get through, and the worker does not.
  expect(await toldAt((second) => (second === 10 ? down.slice(0, 1) : down))).toEqual([4, 34]);
  expect(await toldAt((second) => (second === 10 ? [] : down))).toEqual([4, 16, 46]);
});
