// What vm-rejuv.yaml may say of how a supervised pool is watched.

import { z } from 'zod';
import { policySchema as detectionSchema } from '../aging/policy.js';
import * as defaults from './defaults.js';
import { refuse } from './fields.js';
import { prometheusSchema } from './prometheus-schema.js';
import { parseSize, SIZE_LIKE } from './size.js';

const timeFrom = (least: number): z.ZodNumber => {
  const allowed = `milliseconds, a whole number from ${least} to ${defaults.MAX_TIMER_MS}`;
  return z.number(allowed).int(allowed).min(least, allowed).max(defaults.MAX_TIMER_MS, allowed);
};
const time = timeFrom(1);

const LOOKS = `a whole number from ${defaults.LEAST_DOWN_LOOKS}: a single look may meet a pause of a collector`;

const size = z
  .union([z.number(), z.string()], SIZE_LIKE)
  .transform((found, context) => parseSize(found) ?? refuse(context, SIZE_LIKE))
  .refine((bytes) => bytes >= defaults.LEAST_MEMORY_LIMIT_BYTES, `at least 1 MiB: ${SIZE_LIKE}`);

export const monitorSchema = z
  .strictObject(
    {
      intervalMs: time.default(defaults.SAMPLE_INTERVAL_MS),
      timeoutMs: time.optional(),
      threadLimit: z.number().int().min(1).default(defaults.THREAD_LIMIT),
      memoryLimit: size.nullable().default(null),
      tooSlowMs: time.nullable().default(null),
      collectEveryMs: timeFrom(defaults.LEAST_COLLECT_MS).nullable().default(null),
      prometheus: prometheusSchema.default([]),
      down: z
        .strictObject({
          intervalMs: timeFrom(defaults.LEAST_DOWN_INTERVAL_MS).default(defaults.DOWN_INTERVAL_MS),
          looks: z.number(LOOKS).int(LOOKS).min(defaults.LEAST_DOWN_LOOKS, LOOKS).default(defaults.DOWN_LOOKS),
        })
        .prefault({}),
      detection: detectionSchema.prefault({}),
      timeScale: z.number().min(1, 'a number from 1').max(10_000).default(1),
    },
    'a mapping such as { intervalMs: 60000 }, {} for defaults',
  )
  .superRefine(({ timeoutMs = 0, ...others }, context) => {
    const most = mostTimeoutMs(others);
    if (timeoutMs <= most) return;
    const interval = others.timeScale === 1 ? 'intervalMs' : 'intervalMs times timeScale';
    const message =
      most === defaults.LEAST_MOST_SAMPLE_TIMEOUT_MS
        ? `at most ${most}, as ${interval} is no more than that: a sample has to end before the next one begins`
        : `at most ${most}, which is ${interval}: a sample has to end before the next one begins`;
    context.addIssue({ code: 'custom', path: ['timeoutMs'], message });
  })
  .transform((monitor) => ({
    ...monitor,
    timeoutMs: monitor.timeoutMs ?? Math.min(defaults.SAMPLE_TIMEOUT_MS, mostTimeoutMs(monitor)),
  }));

/** By the monitor's clock, which may go faster, and never less than any machine needs. */
function mostTimeoutMs({ intervalMs, timeScale }: { intervalMs: number; timeScale: number }): number {
  return Math.max(defaults.LEAST_MOST_SAMPLE_TIMEOUT_MS, Math.floor(intervalMs * timeScale));
}
