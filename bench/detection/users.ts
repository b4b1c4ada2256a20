// What users see, apart from any resource: servers that become slow or fail, and others that only seem to.

import type { Machine } from './machine.js';
import { DAY_MINUTES, dayLoad, machineOf } from './machine.js';
import type { Seen } from './run.js';
import type { Steady } from './scenarios.js';
import { STEADY_DAYS, within } from './scenarios.js';

export interface Ailing {
  name: string;
  /** Null where the kind has no life of its own: it is there at once. */
  livesMinutes: readonly (number | null)[];
  machine: (seed: number, lifeMinutes: number | null) => Ill;
}

export interface Ill {
  machine: Machine;
  /** When it begins, and when nobody can work with it any more: with five times the response times, or with 30 % of requests failing. */
  beginsMinute: number;
  endsMinute: number;
}

/** Chosen: what is learned of an hour must have been learned before, weekends included. */
const HEALTHY_DAYS = 8;
const LIVES_MINUTES = [6 * 60, DAY_MINUTES, 3 * DAY_MINUTES, 7 * DAY_MINUTES];
const SLOWEST = 5;
const MOST_FAILURES = 0.3;
/** Chosen: a proxy that drains a storm later than that has lost thousands of requests. */
const STORM_MINUTES = 60;

export const AILING: readonly Ailing[] = [
  {
    name: 'slower and failing',
    livesMinutes: LIVES_MINUTES,
    machine: (seed, life) => fading(seed, life, { slower: true, failing: true }),
  },
  { name: 'only slower', livesMinutes: LIVES_MINUTES, machine: (seed, life) => fading(seed, life, { slower: true }) },
  { name: 'only failing', livesMinutes: LIVES_MINUTES, machine: (seed, life) => fading(seed, life, { failing: true }) },
  { name: 'storm drain', livesMinutes: [null, null, null, null], machine: stormDrain },
];

export const WELL: readonly Steady[] = [
  { name: 'follows its load', machine: loaded },
  { name: 'few requests at night', machine: quietNights },
  { name: 'a backend slow at times', machine: slowBackend },
  { name: 'failures at times', machine: failuresAtTimes },
  { name: 'response times waver', machine: wavering },
  { name: 'crowds, slow for that', machine: crowdedAndSlow },
  { name: 'another release, slower', machine: slowerRelease },
];

/** Rivals look at both, each with a limit of which 80 % are three times the usual response time of noon, and a twentieth of requests. */
export function servedOf({ latencyMs, errorRate, boots }: Machine): Seen[] {
  return [
    { values: latencyMs, limit: 375, boots },
    { values: errorRate, limit: 0.0625, boots },
  ];
}

const MINUTES = STEADY_DAYS * DAY_MINUTES;
/** A resource that nothing happens to. */
const CALM = { base: 30, follows: 10, lagMinutes: 30, noise: 1 };

function fading(seed: number, life: number | null, what: { slower?: boolean; failing?: boolean }): Ill {
  const pick = within(seed);
  const lifeMinutes = life ?? DAY_MINUTES;
  const beginsMinute = Math.round((HEALTHY_DAYS + pick(0, 7)) * DAY_MINUTES);
  const share = (minute: number): number => Math.max(0, (minute - beginsMinute) / lifeMinutes);
  const machine = machineOf({
    ...CALM,
    minutes: beginsMinute + lifeMinutes,
    seed,
    ...(what.slower === true && { slower: (minute) => 1 + (SLOWEST - 1) * share(minute) }),
    ...(what.failing === true && { failing: (minute) => MOST_FAILURES * share(minute) }),
  });
  return { machine, beginsMinute, endsMinute: beginsMinute + lifeMinutes };
}

function stormDrain(seed: number): Ill {
  const pick = within(seed);
  const beginsMinute = Math.round(pick(1, 8) * DAY_MINUTES);
  const endsMinute = beginsMinute + STORM_MINUTES;
  const [quicker, failures, drawn] = [pick(0.1, 0.5), pick(0.2, 0.9), pick(1.1, 1.8)];
  const since = <T>(minute: number, then: T, before: T): T => (minute >= beginsMinute ? then : before);
  const machine = machineOf({
    ...CALM,
    minutes: endsMinute,
    seed,
    slower: (minute) => since(minute, quicker, 1),
    failing: (minute) => since(minute, failures, 0),
    crowd: (minute) => since(minute, drawn, 1),
  });
  return { machine, beginsMinute, endsMinute };
}

/** Slower by up to three times at noon. */
function loaded(seed: number): Machine {
  const steep = within(seed)(0.5, 3);
  const slower = (minute: number): number =>
    1 + steep * (0.5 - 0.5 * Math.cos((2 * Math.PI * (minute - 240)) / DAY_MINUTES)) ** 2;
  return machineOf({ ...CALM, minutes: MINUTES, seed, slower });
}

/** One failure of a dozen requests is a share like that of an outage, and one slow request is the 95th percentile. */
function quietNights(seed: number): Machine {
  const pick = within(seed);
  const isNight = (minute: number): boolean => minute % DAY_MINUTES < 6 * 60;
  const [one, rarely] = [1 / Math.round(pick(8, 40)), pick(0.02, 0.2)];
  return machineOf({
    ...CALM,
    minutes: MINUTES,
    seed,
    slower: (minute) => (isNight(minute) && pick(0, 1) < rarely ? pick(1, 8) : 1),
    failing: (minute) => (isNight(minute) && pick(0, 1) < rarely ? one : 0),
  });
}

function slowBackend(seed: number): Machine {
  const slow = episodes(seed, { count: 10, minutes: [20, 600], by: [0.5, 5] });
  return machineOf({ ...CALM, minutes: MINUTES, seed, slower: (minute) => 1 + slow(minute) });
}

function failuresAtTimes(seed: number): Machine {
  const failing = episodes(seed, { count: 10, minutes: [10, 400], by: [0.03, 0.5] });
  return machineOf({ ...CALM, minutes: MINUTES, seed, failing });
}

/** As noise that remembers for hours, up to a day. */
function wavering(seed: number): Machine {
  const pick = within(seed);
  const [deviation, remembered] = [pick(0.1, 0.35), Math.exp(-1 / (pick(2, 24) * 60))];
  let drift = 0;
  const slower = (): number => {
    const normal = pick(-1, 1) + pick(-1, 1) + pick(-1, 1);
    drift = drift * remembered + normal * deviation * Math.sqrt(1 - remembered ** 2);
    return Math.exp(drift);
  };
  return machineOf({ ...CALM, minutes: MINUTES, seed, slower });
}

/** Up to three times the load. What is more than a working noon takes longer and longer, and some of it fails. */
function crowdedAndSlow(seed: number): Machine {
  const more = episodes(seed, { count: 10, minutes: [30, 300], by: [0.5, 2] });
  const crowd = (minute: number): number => 1 + more(minute);
  const load = (minute: number): number => dayLoad(minute) * crowd(minute);
  return machineOf({
    ...CALM,
    minutes: MINUTES,
    seed,
    crowd,
    slower: (minute) => Math.max(1, load(minute)) ** 3,
    failing: (minute) => 0.1 * Math.max(0, load(minute) - 1),
  });
}

function slowerRelease(seed: number): Machine {
  const pick = within(seed);
  const [at, by] = [Math.round(pick(5, 20) * DAY_MINUTES), pick(1.5, 3)];
  return machineOf({ ...CALM, minutes: MINUTES, seed, slower: (minute) => (minute >= at ? by : 1), boots: [at] });
}

/** 0 between them. Every other one comes by and by, and goes so. */
function episodes(
  seed: number,
  { count, minutes, by }: { count: number; minutes: [number, number]; by: [number, number] },
): (minute: number) => number {
  const pick = within(seed + 500);
  const all = Array.from({ length: count }, (_, i) => ({
    from: pick(0, MINUTES),
    minutes: pick(...minutes),
    by: pick(...by),
    ramps: i % 2 === 0,
  }));
  return (minute) => {
    const one = all.find(({ from, minutes }) => minute >= from && minute < from + minutes);
    if (one === undefined) return 0;
    return one.ramps ? one.by * (1 - Math.abs((2 * (minute - one.from)) / one.minutes - 1)) : one.by;
  };
}
