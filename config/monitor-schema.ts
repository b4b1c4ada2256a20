// What vm-rejuv.yaml may say of how a supervised pool is watched.

import { z } from 'zod';
import { policySchema as detectionSchema } from '../aging/policy.js';
import { KINDS } from '../aging/series.js';
import type { SeriesKind } from '../aging/series.js';
import * as defaults from './defaults.js';

const TIME = `milliseconds, a whole number from 1 to ${defaults.MAX_TIMER_MS}`;
const time = z.number(TIME).int(TIME).min(1, TIME).max(defaults.MAX_TIMER_MS, TIME);
const POSITIVE = 'a number above 0';
const positive = z.number(POSITIVE).positive(POSITIVE);

const URL_OF_METRICS = 'an http or https URL, such as http://{host}:9404/metrics, where {host} is the host of the machine';

/** All but the counter of requests, which the proxies count. */
const MEASURED = (Object.keys(KINDS) as SeriesKind[]).filter((kind) => kind !== 'requests');

const prometheus = z.strictObject({
  url: z.string(URL_OF_METRICS).refine(isUrl, URL_OF_METRICS),
  metric: z.string('the name of a metric, such as jvm_threads_current').min(1),
  labels: z.record(z.string(), z.string()).default({}),
  kind: z.enum(MEASURED, `one of ${MEASURED.join(', ')}`),
  /** In the unit of the kind. */
  limit: positive.nullable().default(null),
  limitMetric: z.string('the name of a metric, such as jvm_memory_max_bytes').min(1).nullable().default(null),
  /** From the metric's unit to that of the kind: bytes to MiB are 9.5367e-7. */
  scale: positive.default(1),
});

export const monitorSchema = z.strictObject(
  {
    intervalMs: time.default(defaults.SAMPLE_INTERVAL_MS),
    timeoutMs: time.default(defaults.SAMPLE_TIMEOUT_MS),
    threadLimit: z.number().int().min(1).default(defaults.THREAD_LIMIT),
    tooSlowMs: time.nullable().default(null),
    collectEveryMs: time.min(defaults.LEAST_COLLECT_MS).nullable().default(null),
    prometheus: z.array(prometheus, 'a list of metrics, each { url, metric, kind }').default([]),
    down: z
      .strictObject({
        intervalMs: time.default(defaults.DOWN_INTERVAL_MS),
        looks: z.number().int().min(1).default(defaults.DOWN_LOOKS),
      })
      .prefault({}),
    detection: detectionSchema.prefault({}),
    timeScale: z.number().min(1, 'a number from 1').max(10_000).default(1),
  },
  'a mapping such as { intervalMs: 60000 }, {} for defaults',
);

function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text.replaceAll('{host}', 'host'));
}
