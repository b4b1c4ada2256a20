// What vm-rejuv.yaml may say of a metric of a Prometheus endpoint.
// https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels

import { z } from 'zod';
import { KINDS } from '../aging/series.js';
import type { SeriesKind } from '../aging/series.js';
import { exampleOf, PLACEHOLDERS } from './machine-address.js';

const POSITIVE = 'a number above 0';
const positive = z.number(POSITIVE).positive(POSITIVE);

const URL_OF_METRICS = `an http or https URL, such as http://{host}:9404/metrics, ${PLACEHOLDERS}`;
const NO_OTHERS = `a URL with no other placeholders than {host} and {machine}, ${PLACEHOLDERS}`;
const url = z
  .string(URL_OF_METRICS)
  .refine(isUrl, URL_OF_METRICS)
  .refine((text) => exampleOf(text) !== null, NO_OTHERS);

const metricLike = (example: string): string =>
  `the name of a metric alone, such as ${example}; labels have a field of their own: labels: { area: heap }`;
const metric = (example: string): z.ZodString =>
  z.string(metricLike(example)).regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, metricLike(example));

const LABEL = 'the name of a label: letters, digits and "_", not beginning with a digit';
const labels = z.record(
  z.string().regex(/^[a-zA-Z_]\w*$/, LABEL),
  z.string(),
  'labels with their values, such as { area: heap }',
);

/** All but the counter of requests, which the proxies count. */
const MEASURED = (Object.keys(KINDS) as SeriesKind[]).filter((kind) => kind !== 'requests');

const prometheusMetric = z
  .strictObject(
    {
      url,
      metric: metric('jvm_threads_current'),
      labels: labels.default({}),
      kind: z.enum(MEASURED, `one of ${MEASURED.join(', ')}`),
      /** In the unit of the kind. */
      limit: positive.nullable().default(null),
      limitMetric: metric('jvm_memory_max_bytes').nullable().default(null),
      /** From the metric's unit to that of the kind: bytes to MiB are 9.5367e-7. */
      scale: positive.default(1),
    },
    '{ url: URL, metric: NAME, kind: KIND }',
  )
  .refine(({ limit, limitMetric }) => limit === null || limitMetric === null, {
    ...{ path: ['limit'], error: 'null, or no limitMetric: one of the two tells where it is exhausted' },
  });

/** Those of a pool. */
export const prometheusSchema = z
  .array(prometheusMetric, 'a list of metrics, each { url, metric, kind }')
  .superRefine((metrics, context) => {
    const names = metrics.map(nameOfMetric);
    for (const [index, name] of names.entries()) {
      const first = names.indexOf(name);
      if (first === index) continue;
      const message = `another metric than prometheus.${first}, or other values of labels: both would be one series`;
      context.addIssue({ code: 'custom', path: [index, 'metric'], message });
    }
  });

/** One metric is mostly told apart by its labels. */
export function nameOfMetric({ metric, labels }: Pick<z.output<typeof prometheusMetric>, 'metric' | 'labels'>): string {
  return [metric, ...Object.values(labels)].join(':').replaceAll(',', ';');
}

/** Whatever stands for a host that is not known yet. */
function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text.replaceAll(/\{[^{}]*\}/g, 'host'));
}
