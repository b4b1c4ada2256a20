// A named metric of any Prometheus endpoint of the machine: an exporter, an agent in the JVM, the application itself.

import { request } from 'undici';
import { misfitOf, seriesOf } from '../aging/series.js';
import { ofMachine } from '../config/machine-address.js';
import { nameOfMetric } from '../config/prometheus-schema.js';
import type { MachineConfig, PrometheusConfig } from '../config/types.js';
import { endpointRefused, endpointUnreachable, metricMisfit, metricMissing, pageUnreadable } from './prometheus-errors.js';
import { samplesIn, sumOf } from './prometheus-text.js';
import type { Reading, Sampler } from './sampler.js';

/** An exporter's page is some hundred kilobytes; what goes on without end is none. */
const MOST_BYTES = 16 * 2 ** 20;

export class PrometheusSampler implements Sampler {
  readonly name: string;
  private readonly what: string;

  constructor(private readonly config: PrometheusConfig) {
    this.what = nameOfMetric(config);
    this.name = `prometheus ${this.what}`;
  }

  async sample(machine: MachineConfig, signal: AbortSignal): Promise<Reading[]> {
    const { metric, labels, kind, limit, limitMetric, scale } = this.config;
    const url = ofMachine(this.config.url, machine);
    const samples = samplesIn(await page(url, signal));
    if (samples.length === 0) throw pageUnreadable(url, 'sends no page of metrics');
    const numberOf = (name: string): number => {
      const sum = sumOf(samples, name, labels);
      if (sum !== null) return sum;
      throw metricMissing(url, { metric: name, labels, isNamed: samples.some((sample) => sample.metric === name) });
    };
    const value = numberOf(metric) * scale;
    const possible = misfitOf(kind, value);
    if (possible !== null) throw metricMisfit(url, { metric, labels, value, kind, possible });
    // Without a limit nothing is found of a resource: better told than missed.
    const most = limitMetric === null ? limit : scaled(numberOf(limitMetric), scale);
    return [{ series: seriesOf(`${kind}:${this.what}`, kind, most), value }];
  }
}

/** A limit that is none, as -1 of a JVM without one, is not known. */
function scaled(limit: number, scale: number): number | null {
  return limit > 0 && Number.isFinite(limit) ? limit * scale : null;
}

async function page(url: string, signal: AbortSignal): Promise<string> {
  let statusCode: number;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const answer = await request(url, { signal, headers: { accept: 'text/plain' } });
    ({ statusCode } = answer);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // What is left of the page is not waited for: the connection ends with it.
      if (bytes > MOST_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw endpointUnreachable(url, error);
  }
  if (statusCode !== 200) throw endpointRefused(url, statusCode);
  if (bytes > MOST_BYTES) throw pageUnreadable(url, `sends more than ${MOST_BYTES / 2 ** 20} MiB`);
  return Buffer.concat(chunks).toString('utf8');
}
