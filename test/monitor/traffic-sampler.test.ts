import { expect, test } from 'vitest';
import { TrafficSampler } from '../../monitor/traffic-sampler.js';
import type { MachineTraffic, TrafficReport } from '../../proxy/admin-api.js';
import { monitorSchema } from '../../config/monitor-schema.js';
import type { MachineConfig } from '../../config/types.js';

const MACHINE: MachineConfig = {
  name: 'a',
  url: 'http://127.0.0.1:1',
  driver: { type: 'process', command: ['true'], cwd: '.', env: {}, stateDirectory: '.', stopTimeoutMs: 0 },
};
const QUIET: MachineTraffic = { answered: 0, serverErrors: 0, timeouts: 0, broken: 0, busy: 0, latency: [], inFlight: 0 };

/** A sampler of proxies that report what they are told, and what it reads of them by name of series. */
function watching(): {
  reports: (reports: TrafficReport[]) => void;
  read: () => Promise<Record<string, number>>;
  resume: (latest: Map<string, number>) => void;
} {
  let current: TrafficReport[] = [];
  const sampler = new TrafficSampler({ traffic: () => Promise.resolve(current) }, { maxConnections: 200, tooSlowMs: 60_000 });
  return {
    resume: (latest) => sampler.resume(latest),
    reports: (reports) => (current = reports),
    read: async () => Object.fromEntries((await sampler.sample(MACHINE)).map(({ series, value }) => [series.name, value])),
  };
}

const report = (incarnation: string, traffic: Partial<MachineTraffic>): TrafficReport => ({
  incarnation,
  machines: { a: { ...QUIET, ...traffic }, b: { ...QUIET, answered: 1000, serverErrors: 1000 } },
});

test('what came since the sample before counts, over all proxies, and of this machine alone', async () => {
  const { reports, read } = watching();
  reports([report('p', { answered: 1000, serverErrors: 900, latency: [[1, 1000]] }), report('q', {})]);
  await read();
  reports([
    report('p', {
      answered: 1090,
      serverErrors: 905,
      timeouts: 3,
      latency: [
        [1, 1080],
        [500, 10],
      ],
      inFlight: 4,
    }),
    report('q', { answered: 10, busy: 2, broken: 5, latency: [[2, 10]], inFlight: 1 }),
  ]);

  const values = await read();

  expect(values).toMatchObject({ requests: 100, 'connections:proxy': 5, timeoutRate: 3 / 110, queueFullRate: 2 / 110 });
  expect(values['errorRate']).toBeCloseTo(15 / 110);
  expect(values).toMatchObject({ latencyP50: 1, latencyP95: 500, latencyP99: 500 });
});

test('what a proxy counted before it was first asked is of no interval, and one that has gone takes nothing back', async () => {
  const { reports, read } = watching();
  reports([report('p', { answered: 50 })]);
  expect((await read())['requests']).toBe(0);
  reports([report('p', { answered: 80 }), report('new', { answered: 5000, timeouts: 400 })]);
  expect((await read())['requests']).toBe(30);
  reports([report('new', { answered: 5010, timeouts: 400 })]);

  const values = await read();

  expect(values['requests']).toBe(40);
  expect(values['errorRate']).toBeUndefined();
});

test('a process that goes on where another has ended counts on from there', async () => {
  const { reports, read, resume } = watching();
  resume(new Map([['requests', 5000]]));
  reports([report('p', { answered: 7000 })]);
  expect((await read())['requests']).toBe(5000);
  reports([report('p', { answered: 7100 })]);

  expect((await read())['requests']).toBe(5100);
});

test('a process that leads again after another counts nothing a second time, and nothing of a boot that only the other has seen', async () => {
  const [first, other] = [watching(), watching()];
  const answered = async ({ reports, read }: ReturnType<typeof watching>, count: number): Promise<number> => {
    reports([report('p', { answered: count })]);
    return (await read())['requests'] ?? NaN;
  };
  await answered(first, 0);
  other.resume(new Map([['requests', await answered(first, 1000)]]));
  await answered(other, 1000);
  const latest = await answered(other, 9000);
  expect(latest).toBe(9000);

  first.resume(new Map([['requests', latest]]));
  expect(await answered(first, 9020)).toBe(9000);
  expect(await answered(first, 9100)).toBe(9080);

  first.resume(new Map());
  expect(await answered(first, 9200)).toBe(0);
});

test('of a handful of requests neither share nor quantile is told', async () => {
  const { reports, read } = watching();
  reports([report('p', {})]);
  await read();
  reports([report('p', { answered: 19, serverErrors: 19, latency: [[3, 19]] })]);

  expect(Object.keys(await read()).sort()).toEqual(['connections:proxy', 'requests']);
});

test('defaults sample once a minute', () => {
  expect(monitorSchema.parse({})).toMatchObject({ intervalMs: 60_000, timeoutMs: 10_000, collectEveryMs: null, timeScale: 1 });
});
