// Counts what detection and its rivals say of simulated machines.

import { median } from '../../aging/detectors/robust.js';
import { DEFAULT_POLICY } from '../../aging/policy.js';
import { LIMIT } from './machine.js';
import { RIVALS } from './rivals.js';
import type { Seen } from './run.js';
import { resourceOf, runDetection, runRival } from './run.js';
import type { Leak, Steady } from './scenarios.js';
import { LIVES_MINUTES, STEADY_DAYS } from './scenarios.js';
import type { Ailing } from './users.js';
import { servedOf } from './users.js';

export const OURS = 'vm-rejuv';
export const DETECTORS = [OURS, ...RIVALS.map(({ name }) => name)];
/** The goal: so much of the life is left when it is told. */
export const LIFE_LEFT = 0.2;

export interface Plan {
  seed: number;
  runs: number;
  /** Response time that counts as no service; null for none. */
  tooSlowMs: number | null;
  signal: AbortSignal;
  progress: (line: string) => void;
}

export interface SteadyRow {
  name: string;
  weeks: number;
  /** By detector. */
  falseAlarms: Record<string, number>;
}

/** By detector: of those with at least a fifth of life left, and the median share of life left, 0 where it came too late. */
interface Caught {
  caught: Record<string, number>;
  lifeLeft: Record<string, number>;
}

export interface LeakRow extends Caught {
  name: string;
  /** Where load is not known, a leak of a day is told late: shown, and no failure. */
  isGoal: boolean;
  leaks: number;
  /** Of the remaining time, at half of the life. */
  medianError: number;
  unpredicted: number;
  /** Of each leak; null where no end was predicted. */
  errors: (number | null)[];
}

export interface AilingRow extends Caught {
  name: string;
  servers: number;
  /** How many alarms came before anything was wrong. */
  early: number;
  /** Those of ours that were at least told with as much left, alarm or not. */
  told: number;
}

/** `seen` is what the rivals look at. */
export function measureSteady(
  { name, machine: make }: Steady,
  seen: (machine: ReturnType<Steady['machine']>) => Seen[],
  plan: Plan,
) {
  const row: SteadyRow = {
    name,
    weeks: (plan.runs * STEADY_DAYS) / 7,
    falseAlarms: Object.fromEntries(DETECTORS.map((one) => [one, 0])),
  };
  const count = (detector: string, alarms: number): void => {
    row.falseAlarms[detector] = (row.falseAlarms[detector] ?? 0) + alarms;
  };
  for (let run = 0; run < plan.runs; run++) {
    plan.signal.throwIfAborted();
    const machine = make(plan.seed + run);
    const { alarms } = runDetection(machine, machine.levels.length, null, false, DEFAULT_POLICY, plan.tooSlowMs);
    for (const { minute, why } of alarms) plan.progress(`  ${name}, seed ${plan.seed + run}, minute ${minute}: ${why}`);
    count(OURS, alarms.length);
    for (const rival of RIVALS) {
      for (const one of seen(machine)) count(rival.name, runRival(rival, one, machine.levels.length).length);
    }
  }
  plan.progress(`${name}: ${row.falseAlarms[OURS]} false alarms in ${row.weeks} weeks`);
  return row;
}

export function measureLeaks({ name, isGoal, machine: make }: Leak, plan: Plan): LeakRow {
  const left = noneYet();
  const errors: (number | null)[] = [];
  for (const life of LIVES_MINUTES) {
    for (let run = 0; run < Math.ceil(plan.runs / 2); run++) {
      plan.signal.throwIfAborted();
      const seed = plan.seed + run + life;
      const machine = make(seed, life);
      const exhaustedAt = machine.levels.findIndex((level) => level >= LIMIT);
      if (exhaustedAt === -1) throw new Error(`A leak did not end: ${name}, ${life} minutes, seed ${seed}.`);
      const half = exhaustedAt / 2;
      const { alarms, predictedAtHalf } = runDetection(machine, exhaustedAt, half, true);
      const share = (minute: number | undefined): number => (minute === undefined ? 0 : 1 - minute / exhaustedAt);
      left[OURS]?.push(share(alarms[0]?.minute));
      for (const rival of RIVALS) left[rival.name]?.push(share(runRival(rival, resourceOf(machine), exhaustedAt)[0]));
      const predicted = predictedAtHalf === null ? null : predictedAtHalf / (exhaustedAt - half);
      errors.push(predicted === null ? null : Math.abs(predicted - 1));
      plan.progress(
        `  ${name}, ${life / 60} h, seed ${seed}: ${Math.round(100 * share(alarms[0]?.minute))} % left; ` +
          `predicted at half-life ${predicted === null ? '-' : predicted.toFixed(2)} of what was left`,
      );
    }
  }
  return {
    name,
    isGoal,
    leaks: errors.length,
    ...caughtOf(left),
    medianError: median(errors.map((error) => error ?? Infinity)),
    unpredicted: errors.filter((error) => error === null).length,
    errors,
  };
}

export function measureAiling({ name, livesMinutes, machine: make }: Ailing, plan: Plan): AilingRow {
  const left = noneYet();
  const told: number[] = [];
  let early = 0;
  for (const [index, life] of livesMinutes.entries()) {
    for (let run = 0; run < Math.ceil(plan.runs / 2); run++) {
      plan.signal.throwIfAborted();
      const seed = plan.seed + run + (life ?? index * plan.runs);
      const { machine, beginsMinute, endsMinute } = make(seed, life);
      /** Of the alarms since it began. */
      const share = (minutes: readonly number[]): number => {
        const first = minutes.find((minute) => minute > beginsMinute);
        return first === undefined ? 0 : 1 - (first - beginsMinute) / (endsMinute - beginsMinute);
      };
      const ours = runDetection(machine, endsMinute, null, false, DEFAULT_POLICY, plan.tooSlowMs);
      const alarms = ours.alarms.map(({ minute }) => minute);
      early += alarms.filter((minute) => minute <= beginsMinute).length;
      left[OURS]?.push(share(alarms));
      told.push(share(ours.told));
      for (const rival of RIVALS) {
        left[rival.name]?.push(Math.max(...servedOf(machine).map((one) => share(runRival(rival, one, endsMinute)))));
      }
      plan.progress(
        `  ${name}, ${(endsMinute - beginsMinute) / 60} h, seed ${seed}: ${Math.round(100 * share(alarms))} % left at the alarm, ` +
          `${Math.round(100 * share(ours.told))} % when told`,
      );
    }
  }
  return { name, servers: told.length, early, told: inTime(told), ...caughtOf(left) };
}

function noneYet(): Record<string, number[]> {
  return Object.fromEntries(DETECTORS.map((one) => [one, []]));
}

function caughtOf(left: Record<string, number[]>): Caught {
  return {
    caught: Object.fromEntries(Object.entries(left).map(([detector, shares]) => [detector, inTime(shares)])),
    lifeLeft: Object.fromEntries(Object.entries(left).map(([detector, shares]) => [detector, median(shares)])),
  };
}

function inTime(shares: readonly number[]): number {
  return shares.filter((share) => share >= LIFE_LEFT).length;
}
