import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { MachineConfig, PrometheusConfig } from '../../config/types.js';
import { PrometheusSampler } from '../../monitor/prometheus-sampler.js';
import type { Reading } from '../../monitor/sampler.js';

const PAGE = '# TYPE used gauge\nused{area="heap"} 2048\nmost{area="heap"} 4096\nunknown NaN\nnone -1\npercent 20\n';

async function sampled(answer: RequestListener | null, config: Partial<PrometheusConfig> = {}): Promise<Reading[]> {
  const server = createServer(answer ?? undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  if (answer === null) await close();
  else onTestFinished(close);
  const sampler = new PrometheusSampler({
    ...{ url: `http://{host}:${port}/metrics?key=hunter2`, metric: 'used', labels: {}, kind: 'heap', scale: 1 / 1024 },
    ...{ limit: null, limitMetric: null, ...config },
  });
  return sampler.sample({ name: 'a', url: 'http://127.0.0.1:1' } as MachineConfig, new AbortController().signal);
}

test('a metric is read in the unit of its kind, with its limit', async () => {
  const readings = await sampled((_request, response) => response.end(PAGE), { labels: { area: 'heap' }, limitMetric: 'most' });

  expect(readings).toMatchObject([{ value: 2, series: { name: 'heap:used:heap', limit: 4 } }]);
});

const page: RequestListener = (_request, response) => response.end(PAGE);
const failures: [string, string, RegExp, RequestListener | null, Partial<PrometheusConfig>?][] = [
  ['nobody listens', 'METRICS_UNREACHABLE', /\/metrics does not answer \(ECONNREFUSED\)/, null],
  [
    'the connection breaks',
    'METRICS_UNREACHABLE',
    /does not answer \(UND_ERR_SOCKET\)/,
    (_request, response) => response.destroy(),
  ],
  ['it is not there', 'METRICS_FAILED', /answers with 404/, (_request, response) => response.writeHead(404).end(PAGE)],
  ['it wants a password', 'METRICS_FAILED', /answers with 401/, (_request, response) => response.writeHead(401).end()],
  [
    'a page of something else comes',
    'METRICS_UNREADABLE',
    /sends no page of metrics/,
    (_request, response) => response.end('<html>\n<p>all well </p>\n</html>'),
  ],
  [
    'a page without end comes',
    'METRICS_UNREADABLE',
    /sends more than 16 MiB/,
    (_request, response) => response.end(PAGE.repeat(3e5)),
  ],
  ['the metric is not there', 'METRIC_MISSING', /has no metric absent\./, page, { metric: 'absent' }],
  [
    'it is there with other labels',
    'METRIC_MISSING',
    /has used, but no number of used\{area="stack"\}/,
    page,
    { labels: { area: 'stack' } },
  ],
  ['it has no number', 'METRIC_MISSING', /has unknown, but no number of it\./, page, { metric: 'unknown' }],
  [
    'it tells what cannot be',
    'METRIC_MISFIT',
    /tells none, as threads -1, and that can only be a number from 0 on\./,
    page,
    { metric: 'none', kind: 'threads', scale: 1 },
  ],
  [
    'a share is in percent',
    'METRIC_MISFIT',
    /as errorRate 20, and that can only be a share from 0 to 1\./,
    page,
    { metric: 'percent', kind: 'errorRate', scale: 1 },
  ],
  ['its limit is not there', 'METRIC_MISSING', /has no metric absent\./, page, { limitMetric: 'absent' }],
];

test.each(failures)('where %s, %s says so, without what may be a secret', async (_what, code, message, answer, config) => {
  const failed = sampled(answer, config);

  await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') as string });
});
