// What vm-rejuv.yaml may say of when a pool is restarted by itself.

import { z } from 'zod';
import { DAYS, END_OF_DAY } from '../policy/window.js';
import * as defaults from './defaults.js';

const TIME = 'a time of the day, such as "02:30"';
const time = z.string(TIME).regex(/^([01]\d|2[0-3]):[0-5]\d$/, TIME);
const END = `${TIME}, or "${END_OF_DAY}"`;
const end = z.string(END).regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, END);

const DATE = 'a day, such as "2026-12-24"';
const date = z.string(DATE).refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text), DATE);

const DAY_NAMES = `a list of at least one of ${DAYS.join(', ')}`;
const WINDOW =
  '{ days: [sat, sun], from: "02:00", to: "05:00" } (without days: every day; without times: whole days) or { since: "2026-12-24", until: "2026-12-26" }';
const weekly = z.preprocess(
  withTimes,
  z
    .strictObject({
      days: z
        .array(z.enum(DAYS), DAY_NAMES)
        .min(1)
        .default([...DAYS]),
      from: time,
      to: end,
    })
    .refine(({ from, to }) => from !== to, {
      path: ['to'],
      error: `another time than from, such as "${END_OF_DAY}"; for whole days leave both out, and say which in days`,
    }),
);
const dates = z
  .strictObject({ since: date, until: date })
  .refine(({ since, until }) => since <= until, { path: ['until'], error: 'a day that is not before since' });
const windows = z.array(z.union([weekly, dates], WINDOW), `a list of ${WINDOW}`).default([]);

const TIME_ZONE = "the name of a time zone of IANA's, such as Europe/Berlin or UTC";

export const policySchema = z.strictObject(
  {
    mode: z.enum(['automatic', 'approval']).default('automatic'),
    timeZone: z.string(TIME_ZONE).refine(isTimeZone, TIME_ZONE).default('UTC'),
    maintenance: windows,
    blackout: windows,
    cooldownMs: z.number().int().min(0).default(defaults.COOLDOWN_MS),
    mostPerDay: z.number().int().min(1).max(defaults.MOST_MOST_PER_DAY).default(defaults.MOST_PER_DAY),
    failOver: z.enum(['automatic', 'approval', 'never']).default('automatic'),
    maxAgeMs: z.number().int().min(defaults.LEAST_MAX_AGE_MS).nullable().default(null),
  },
  'a mapping such as { mode: approval }, {} for defaults, or null for no supervision',
);

/** Days of which nothing else is said are whole. */
function withTimes(window: unknown): unknown {
  const isDaysAlone = typeof window === 'object' && window !== null && Object.keys(window).join() === 'days';
  return isDaysAlone ? { ...window, from: '00:00', to: END_OF_DAY } : window;
}

/** The 30th of February is none. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
