// Switches whose answers and effects part in ways that no hypervisor does on demand.

import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Sight, Switch } from '../../activities/hypervisor/switched.js';
import { createSwitched } from '../../activities/hypervisor/switched.js';
import { OperatorError } from '../../config/operator-error.js';

const signal = new AbortController().signal;
const lost = (): Error => new OperatorError('LOST', 'Lost.', '', { retryable: true });

type Does = Partial<Omit<Switch, 'asksToEnd'>> & { askToEnd?: Switch['cutOff'] };

interface Imagined {
  machine: ReturnType<typeof createSwitched>;
  /** What was asked of it. */
  asked: string[];
  /** As the hypervisor tells it. */
  sight: Sight;
}

/** Each of `does` is what a switch does beside being noted; the others do what they should. */
function imagine(sight: Sight, does: (imagined: Imagined) => Does, stopTimeoutMs = 300): Imagined {
  const asked: string[] = [];
  const imagined: Imagined = { machine: undefined as never, asked, sight };
  const become = (next: Sight) => (): Promise<void> => Promise.resolve(void (imagined.sight = next));
  const all = {
    look: () => Promise.resolve(imagined.sight),
    powerOn: become({ power: 'on', incarnation: '2/?' }),
    askToEnd: become({ power: 'off', incarnation: null }),
    cutOff: become({ power: 'off', incarnation: null }),
    askToReboot: become({ power: 'on', incarnation: '1/b' }),
    reset: become({ power: 'on', incarnation: '1/c' }),
    ...does(imagined),
  } satisfies Does;
  for (const name of ['powerOn', 'askToEnd', 'cutOff', 'askToReboot', 'reset'] as const) {
    const way = all[name];
    if (way === null) continue;
    all[name] = (own) => {
      asked.push(name);
      return way(own);
    };
  }
  imagined.machine = createSwitched({
    name: 'm',
    key: randomUUID(),
    stopTimeoutMs,
    switch: { ...all, asksToEnd: [(own) => all.askToEnd(own)] },
  });
  return imagined;
}

const RUNS: Sight = { power: 'on', incarnation: '1/a' };
const nothing = (): Promise<void> => Promise.resolve();

test('what is left of a crashed machine is taken away before it is started', async () => {
  const { machine, asked } = imagine({ power: 'crashed', incarnation: null }, () => ({}));

  expect(await machine.status({ signal })).toEqual({ power: 'off', incarnation: null });
  expect(await machine.start({ signal })).toEqual({ power: 'on', incarnation: '2/?' });
  expect(asked).toEqual(['cutOff', 'powerOn']);
});

test('a reboot that was lost before it was heard is followed by a reset, not by another', async () => {
  const { machine, asked } = imagine(RUNS, () => ({ askToReboot: () => Promise.reject(lost()) }));

  expect(await machine.restart({ signal, expect: '1/a' })).toEqual({ power: 'on', incarnation: '1/c' });
  expect(asked).toEqual(['askToReboot', 'reset']);
});

test('a machine that nothing reboots is switched off and on', async () => {
  const { machine, asked } = imagine(RUNS, () => ({ askToReboot: nothing, reset: null, askToEnd: nothing }));

  expect(await machine.restart({ signal, expect: '1/a' })).toEqual({ power: 'on', incarnation: '2/?' });
  expect(asked).toEqual(['askToReboot', 'askToEnd', 'cutOff', 'powerOn']);
});

test('a guest that ends instead of rebooting is started', async () => {
  const { machine, asked } = imagine(RUNS, (own) => ({
    askToReboot: () => Promise.resolve(void (own.sight = { power: 'off', incarnation: null })),
  }));

  await machine.restart({ signal, expect: '1/a' });
  expect(asked).toEqual(['askToReboot', 'powerOn']);
});

test('a reboot that somebody has asked for before is waited for', async () => {
  const silent: Sight = { power: 'on', incarnation: '1/?' };
  let looks = 0;
  const { machine, asked } = imagine(
    silent,
    () => ({ look: () => Promise.resolve(++looks < 3 ? silent : { power: 'on', incarnation: '1/b' }) }),
    60_000,
  );

  expect(await machine.restart({ signal, expect: '1/a' })).toEqual({ power: 'on', incarnation: '1/b' });
  expect(asked).toEqual([]);
});

test('a question to end that was lost is asked again, as it cannot be asked too often', async () => {
  let asking = 0;
  const { machine, asked } = imagine(
    RUNS,
    (own) => ({
      askToEnd: () =>
        ++asking === 1 ? Promise.reject(lost()) : Promise.resolve(void (own.sight = { power: 'off', incarnation: null })),
    }),
    60_000,
  );

  await machine.stop({ signal });
  expect(asked).toEqual(['askToEnd', 'askToEnd']);
});

test('a guest that cannot be asked to end is switched off at once', async () => {
  const { machine, asked } = imagine(RUNS, () => ({ askToEnd: () => Promise.reject(new Error('no agent')) }), 60_000);

  await machine.stop({ signal });
  expect(asked).toEqual(['askToEnd', 'cutOff']);
});

test('a machine that is not found is neither started nor taken for one that is off', async () => {
  let looks = 0;
  const { machine, asked } = imagine(RUNS, (own) => ({
    look: () => (++looks < 3 ? Promise.reject(lost()) : Promise.resolve(own.sight)),
  }));

  expect(await machine.start({ signal })).toEqual(RUNS);
  expect(asked).toEqual([]);
});

test('what is final ends an operation at once', async () => {
  const refusal = new OperatorError('HYPERVISOR_REFUSED', 'No.', '');
  const { machine, asked } = imagine(RUNS, () => ({ askToReboot: () => Promise.reject(refusal) }));

  await expect(machine.restart({ signal, expect: '1/a' })).rejects.toBe(refusal);
  expect(asked).toEqual(['askToReboot']);
});

test('of a guest that was silent only another instance is proof, whatever it tells by now', async () => {
  const { machine, asked } = imagine(RUNS, () => ({}), 60_000);

  expect(await machine.restart({ signal, expect: '1/?' })).toEqual({ power: 'on', incarnation: '2/?' });
  expect(asked).toEqual(['askToEnd', 'powerOn']);
  expect(await machine.restart({ signal, expect: '1/?' })).toEqual({ power: 'on', incarnation: '2/?' });
  expect(asked).toHaveLength(2);
});

test('a guest that can be asked in two ways is asked in both, each by leave, and hears one', async () => {
  const asked: string[] = [];
  let sight = RUNS;
  const machine = createSwitched({
    ...{ name: 'm', key: randomUUID(), stopTimeoutMs: 60_000 },
    switch: {
      ...{ look: () => Promise.resolve(sight), powerOn: nothing, askToReboot: null, reset: null },
      asksToEnd: [
        () => Promise.reject(new Error('nobody listens there')),
        () => Promise.resolve(void (sight = { power: 'off', incarnation: null })),
      ],
      cutOff: () => Promise.resolve(void asked.push('cutOff')),
    },
  });

  await machine.stop({ signal, guard: () => Promise.resolve(void asked.push('guard')) });

  expect(asked).toEqual(['guard', 'guard']);
});
