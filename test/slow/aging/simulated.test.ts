import { expect, test } from 'vitest';
import type { AgingPolicy } from '../../../aging/policy.js';
import { DEFAULT_POLICY, policySchema } from '../../../aging/policy.js';
import { LIMIT } from '../../../bench/detection/machine.js';
import { RIVALS } from '../../../bench/detection/rivals.js';
import { resourceOf, runDetection, runRival } from '../../../bench/detection/run.js';
import { LEAKS, STEADY } from '../../../bench/detection/scenarios.js';
import { AILING, WELL } from '../../../bench/detection/users.js';

const FORTNIGHT = 14 * 1440;
/** Not one that the benchmark begins with. */
const SEED = 101;

const bareMannKendall = RIVALS.find(({ name }) => name === 'bare Mann-Kendall');

test.each(STEADY)('a machine that does not age raises no alarm: $name', ({ machine }) => {
  const { alarms } = runDetection(machine(SEED), FORTNIGHT, null, false);
  expect(alarms).toEqual([]);
});

test('a bare Mann-Kendall test cries wolf on the same machines', () => {
  if (bareMannKendall === undefined) throw new Error('The benchmark has lost its rival.');
  for (const { name, machine } of STEADY.filter((one) => one.name !== 'GC saw-teeth')) {
    expect(runRival(bareMannKendall, resourceOf(machine(SEED)), FORTNIGHT).length, name).toBeGreaterThan(2);
  }
});

test.each(LEAKS.filter(({ isGoal }) => isGoal))(
  'a leak of three days is told with a fifth of its life left: $name',
  ({ machine }) => {
    const leaking = machine(SEED, 3 * 1440);
    const exhaustedAt = leaking.levels.findIndex((level) => level >= LIMIT);
    const { alarms } = runDetection(leaking, exhaustedAt, null, true);
    expect(alarms[0]?.minute).toBeLessThan(0.8 * exhaustedAt);
  },
);

test('a leak that begins in the afternoon is seen though load falls meanwhile, and hides it from a glance', () => {
  const leaking = LEAKS.find(({ name }) => name === 'accelerating')?.machine(1940, 1440);
  if (leaking === undefined) throw new Error('The benchmark has lost its leaks.');
  const exhaustedAt = leaking.levels.findIndex((level) => level >= LIMIT);
  expect(runDetection(leaking, exhaustedAt, null, true).alarms[0]?.minute).toBeLessThan(0.8 * exhaustedAt);
});

/** What users see, without a resource. */
test.each(WELL)('nor does one that only seems slow, or seems to fail: $name', ({ machine }) => {
  expect(runDetection(machine(SEED), FORTNIGHT, null, false).alarms).toEqual([]);
});

test.each(AILING)('one that is slow, or fails, for days is told before it is of no use: $name', ({ machine, livesMinutes }) => {
  const { machine: ill, beginsMinute, endsMinute } = machine(SEED, livesMinutes.at(-1) ?? null);
  const alarms = runDetection(ill, endsMinute, null, false).alarms.map(({ minute }) => minute);
  expect(alarms[0]).toBeGreaterThan(beginsMinute);
  expect(alarms[0]).toBeLessThan(beginsMinute + 0.8 * (endsMinute - beginsMinute));
});

/** Detection without one of its guards. */
const MUTANTS: [string, AgingPolicy, string][] = [
  [
    'without a practical slope',
    policySchema.parse({ trend: { nearShare: 1, nearShareBlind: 1, levelBlind: 0.01 } }),
    'daily load cycle, load unknown',
  ],
  ['with a ceiling too low', policySchema.parse({ ceilingShare: 0.4 }), 'daily load cycle'],
];

test.each(MUTANTS)('detection %s raises false alarms', (_, policy, kind) => {
  const steady = STEADY.find(({ name }) => name === kind);
  const alarms = (by: AgingPolicy): number =>
    [1, 2].reduce(
      (sum, seed) =>
        sum + (steady === undefined ? 0 : runDetection(steady.machine(seed), FORTNIGHT, null, false, by).alarms.length),
      0,
    );
  expect(alarms(policy)).toBeGreaterThan(0);
  expect(alarms(DEFAULT_POLICY)).toBe(0);
});

test('detection that hardly looks ahead tells no leak in time', () => {
  const leaking = LEAKS[0]?.machine(SEED, 3 * 1440);
  if (leaking === undefined) throw new Error('The benchmark has lost its leaks.');
  const exhaustedAt = leaking.levels.findIndex((level) => level >= LIMIT);
  const blind = policySchema.parse({ trend: { horizonMs: 1 } });
  expect(runDetection(leaking, exhaustedAt, null, true, blind).alarms[0]?.minute ?? exhaustedAt).toBeGreaterThan(
    0.8 * exhaustedAt,
  );
});
