// What detection is measured on: machines that do not age however they waver, and machines that leak.

import { mulberry32 } from '../../demo/load/random.js';
import type { Machine } from './machine.js';
import { DAY_MINUTES, LIMIT, machineOf, servedAfter } from './machine.js';

export interface Steady {
  name: string;
  machine: (seed: number) => Machine;
}

export interface Leak {
  name: string;
  /** False where it is shown for comparison only. */
  isGoal: boolean;
  machine: (seed: number, lifeMinutes: number) => Machine;
}

/** Chosen: two weekends each side of what detection looks back at, so that all it learns is in use. */
export const STEADY_DAYS = 28;
const MINUTES = STEADY_DAYS * DAY_MINUTES;
/** From leaks that need somebody the same day to those that outlast what is looked back at. */
export const LIVES_MINUTES = [6 * 60, 12 * 60, DAY_MINUTES, 3 * DAY_MINUTES, 7 * DAY_MINUTES, 14 * DAY_MINUTES];

export const STEADY: readonly Steady[] = [
  { name: 'daily load cycle', machine: (seed) => cycle(seed, true) },
  { name: 'daily load cycle, load unknown', machine: (seed) => cycle(seed, false) },
  { name: 'GC saw-teeth', machine: sawTeeth },
  { name: 'restarts, caches fill', machine: restarts },
  { name: 'cache fills for days', machine: slowCache },
  { name: 'autocorrelated noise', machine: (seed) => noise(seed, seed % 2 === 0) },
  { name: 'crowds, growing load', machine: crowds },
  { name: 'steps up and down', machine: steps },
  { name: 'samples are missing', machine: gaps },
];

export const LEAKS: readonly Leak[] = [
  { name: 'linear', isGoal: true, machine: (seed, life) => leak(seed, life, (share) => share) },
  { name: 'accelerating', isGoal: true, machine: (seed, life) => leak(seed, life, (share) => share * share) },
  { name: 'stepwise', isGoal: true, machine: (seed, life) => leak(seed, life, stepwise(seed)) },
  { name: 'workload-driven', isGoal: true, machine: (seed, life) => leak(seed, life, null) },
  {
    name: 'linear, load unknown',
    isGoal: false,
    machine: (seed, life) => ({ ...leak(seed, life, (share) => share), served: null }),
  },
];

function cycle(seed: number, countsRequests: boolean): Machine {
  const pick = within(seed);
  const [base, follows] = [pick(15, 35), pick(10, 45)];
  return machineOf({ minutes: MINUTES, seed, base, follows, lagMinutes: pick(1, 90), noise: pick(0.5, 2), countsRequests });
}

/** Between two collections the heap grows by `rise` in `minutes`; long teeth are as high as leaks. */
function sawTeeth(seed: number): Machine {
  const pick = within(seed);
  const [base, rise, minutes] = [pick(15, 30), pick(25, 55), Math.exp(pick(Math.log(3), Math.log(240)))];
  const adds = (minute: number): number => rise * ((minute / minutes) % 1);
  return machineOf({ minutes: MINUTES, seed, kind: 'heap', base, follows: pick(0, 10), lagMinutes: 30, noise: 0.7, adds });
}

function restarts(seed: number): Machine {
  const pick = within(seed);
  const boots: number[] = [];
  for (let at = 0; at < MINUTES; at += Math.round(pick(0.3, 4) * DAY_MINUTES)) boots.push(at);
  const [fill, fillMinutes] = [pick(10, 30), pick(60, 600)];
  const adds = (minute: number): number => fill * (1 - Math.exp(-minute / fillMinutes));
  return machineOf({
    minutes: MINUTES,
    seed,
    base: 20,
    follows: pick(5, 25),
    lagMinutes: 30,
    noise: 1,
    adds,
    boots: boots.slice(1),
  });
}

function slowCache(seed: number): Machine {
  const pick = within(seed);
  const [fill, fillMinutes] = [pick(30, 50), pick(0.25, 3) * DAY_MINUTES];
  const adds = (minute: number): number => fill * (1 - Math.exp(-minute / fillMinutes));
  return machineOf({ minutes: MINUTES, seed, base: 25, follows: pick(0, 8), lagMinutes: 30, noise: 1, adds });
}

function noise(seed: number, countsRequests: boolean): Machine {
  const pick = within(seed);
  return machineOf({
    minutes: MINUTES,
    seed,
    base: pick(30, 60),
    noise: pick(2, 5),
    noiseMinutes: pick(60, 1440),
    countsRequests,
  });
}

/** Twice the load for some hours now and then, and a fifth more each week. */
function crowds(seed: number): Machine {
  const pick = within(seed);
  const crowded = Array.from({ length: 12 }, () => ({ from: pick(0, MINUTES), minutes: pick(30, 300), by: pick(1.3, 2) }));
  const crowd = (minute: number): number =>
    (1 + (0.2 * minute) / (7 * DAY_MINUTES)) *
    crowded.reduce((by, one) => (minute >= one.from && minute < one.from + one.minutes ? one.by : by), 1);
  return machineOf({ minutes: MINUTES, seed, base: 20, follows: pick(8, 16), lagMinutes: pick(1, 60), noise: 1, crowd });
}

/** Every few days the application is set up otherwise, and needs more or less. */
function steps(seed: number): Machine {
  const pick = within(seed);
  const levels = Array.from({ length: 15 }, () => pick(0, 30));
  const every = pick(1, 3) * DAY_MINUTES;
  const adds = (minute: number): number => levels[Math.floor(minute / every)] ?? levels[0] ?? 0;
  return machineOf({ minutes: MINUTES, seed, base: 25, follows: pick(0, 15), lagMinutes: 30, noise: 1, adds });
}

/** One sample in ten, and all of some hours now and then. */
function gaps(seed: number): Machine {
  const pick = within(seed);
  const silences = Array.from({ length: 30 }, () => ({ from: pick(0, MINUTES), minutes: pick(5, 600) }));
  const missing = (minute: number): boolean =>
    pick(0, 1) < 0.1 || silences.some(({ from, minutes }) => minute >= from && minute < from + minutes);
  const [base, follows, countsRequests] = [pick(15, 35), pick(10, 45), seed % 2 === 0];
  return machineOf({ minutes: MINUTES, seed, base, follows, lagMinutes: pick(1, 90), noise: 1, missing, countsRequests });
}

/** `course` from 0 at the boot to 1 at the end; null goes with the requests served. */
function leak(seed: number, lifeMinutes: number, course: ((share: number) => number) | null): Machine {
  const pick = within(seed);
  const [base, follows, startMinute] = [pick(20, 40), pick(0, 15), Math.floor(pick(0, 7 * DAY_MINUTES))];
  const room = LIMIT - base - follows / 2;
  const total = servedAfter(lifeMinutes, startMinute);
  const adds = (minute: number, served: number): number =>
    room * (course === null ? served / total : course(minute / lifeMinutes));
  const minutes = Math.round(lifeMinutes * 1.5);
  return machineOf({ minutes, seed, base, follows, lagMinutes: pick(1, 60), noise: pick(0.5, 2), adds, startMinute });
}

/** Eight to twenty steps of unequal size at unequal times. */
function stepwise(seed: number): (share: number) => number {
  const pick = within(seed + 1000);
  const count = Math.round(pick(8, 20));
  const sizes = Array.from({ length: count }, () => pick(0.5, 1.5));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const at = sizes.map((_, i) => (i + pick(0.2, 0.8)) / count);
  const late = (share: number): number => Math.max(0, share - 1);
  return (share) => sizes.reduce((sum, size, i) => sum + ((at[i] ?? 1) <= share ? size / all : 0), 0) + late(share);
}

export function within(seed: number): (low: number, high: number) => number {
  const uniform = mulberry32(seed * 7919 + 17);
  return (low, high) => low + (high - low) * uniform();
}
