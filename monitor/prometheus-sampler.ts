// A named metric of any Prometheus endpoint of the machine: an exporter, an agent in the JVM, the application itself.

import { request } from 'undici';
import { seriesOf } from '../aging/series.js';
import { OperatorError } from '../config/operator-error.js';
import type { MachineConfig, PrometheusConfig } from '../config/types.js';
import type { Reading, Sampler } from './sampler.js';
import { sumOf } from './prometheus-text.js';

/** An exporter's page is some hundred kilobytes; what goes on without end is none. */
const MOST_BYTES = 16 * 2 ** 20;

export class PrometheusSampler implements Sampler {
  readonly name: string;
  private readonly what: string;

  constructor(private readonly config: PrometheusConfig) {
    // One metric is mostly told apart by its labels.
    this.what = [config.metric, ...Object.values(config.labels)].join(':').replaceAll(',', ';');
    this.name = `prometheus ${this.what}`;
  }

  async sample(machine: MachineConfig, signal: AbortSignal): Promise<Reading[]> {
    const { metric, labels, kind, limit, limitMetric, scale } = this.config;
    const url = this.config.url.replaceAll('{host}', new URL(machine.url).hostname);
    const text = await page(url, signal);
    const value = sumOf(text, metric, labels);
    if (value === null) throw metricMissing(url, metric);
    const told = limitMetric === null ? null : sumOf(text, limitMetric, labels);
    // Without a limit nothing is found of a resource: better told than missed.
    if (limitMetric !== null && told === null) throw metricMissing(url, limitMetric);
    const most = limitMetric === null ? limit : scaled(told, scale);
    return [{ series: seriesOf(`${kind}:${this.what}`, kind, most), value: value * scale }];
  }
}

/** A limit that is none, as -1 of a JVM without one, is not known. */
function scaled(limit: number | null, scale: number): number | null {
  return limit !== null && limit > 0 && Number.isFinite(limit) ? limit * scale : null;
}

async function page(url: string, signal: AbortSignal): Promise<string> {
  const { statusCode, body } = await request(url, { signal, headers: { accept: 'text/plain' } });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw endpointFailed(url, `sends more than ${MOST_BYTES / 2 ** 20} MiB`);
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw endpointFailed(url, `answers with ${statusCode}`);
  return Buffer.concat(chunks).toString('utf8');
}

/** Without what may be a secret: this goes into logs and histories. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function endpointFailed(url: string, what: string): OperatorError {
  return new OperatorError('METRICS_FAILED', `${shown(url)} ${what}.`, 'Correct pools.*.monitor.prometheus[].url.', {
    status: 502,
  });
}

function metricMissing(url: string, metric: string): OperatorError {
  return new OperatorError(
    'METRIC_MISSING',
    `${shown(url)} has no metric ${metric} with these labels.`,
    'Correct pools.*.monitor.prometheus: metric and labels as the page has them.',
    { status: 404 },
  );
}
