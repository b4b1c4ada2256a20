// npm run bench:proxy: CPU per request of the proxy beside what it is built on and HAProxy, one core each, 1 KiB, in alternating rounds.

import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { refusing, whole } from '../demo/options.js';
import { quantile } from '../activities/quantile.js';
import { Closing } from '../embedded/closing.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { makeTemporaryDirectory } from '../embedded/servers.js';
import { BenchedProxies } from './benched-proxies.js';
import { runBench } from './run-bench.js';
import type { Sample } from './wrk.js';
import { measure } from './wrk.js';

const NAMES = ['vm-rejuv', 'plugin, handler -> undici.dispatch', 'plugin, plain', 'HAProxy'] as const;
type Name = (typeof NAMES)[number];

interface Options {
  json: boolean;
  rounds: number;
  seconds: number;
}

interface Row extends Sample {
  name: Name;
  cpuAgainstHandler: number;
}

const options = refusing(new Command('npm run bench:proxy --'))
  .description('Measures CPU per request of the proxy, of what it is built on and of HAProxy, one core each.')
  .option('--json', 'print one JSON object on standard output, progress on standard error', false)
  .option('--rounds <count>', 'measured rounds', whole(1, 1000), 5)
  .option('--seconds <seconds>', 'of each measurement', whole(1, 600), 4)
  .parse()
  .opts<Options>();

const closing = new Closing();
await runBench(closing, async () => {
  requireTools('haproxy', 'wrk', 'taskset');
  const rows = summarise(await compare());
  console.log(options.json ? JSON.stringify({ rounds: options.rounds, proxies: rows }) : render(rows));
  return rows.every(({ failed }) => failed === 0);
});

function requireTools(...tools: string[]): void {
  const missing = tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return;
  throw new Error(`Missing: ${missing.join(', ')}. On Debian: apt-get install haproxy wrk util-linux`);
}

async function compare(): Promise<ReadonlyMap<Name, Sample[]>> {
  const directory = await makeTemporaryDirectory('bench');
  closing.add(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  closing.add(() => postgres.stop());
  const proxies = new BenchedProxies(directory, closing);
  const upstream = await proxies.startUpstream();
  const targets: [Name, { url: string; pid: number }][] = [
    ['vm-rejuv', await proxies.startVmRejuv(upstream, postgres.url)],
    ['plugin, handler -> undici.dispatch', await proxies.startReference('handler', upstream)],
    ['plugin, plain', await proxies.startReference('plain', upstream)],
    ['HAProxy', await proxies.startHaproxy(upstream)],
  ];
  const samples = new Map<Name, Sample[]>(NAMES.map((name) => [name, []]));
  // The first round only warms up.
  for (let round = 0; round <= options.rounds; round++) {
    for (const [name, target] of targets) {
      const sample = await measure(target, options.seconds);
      if (round > 0) samples.get(name)?.push(sample);
    }
    console.error(round === 0 ? 'warmed up' : `round ${round} of ${options.rounds}`);
  }
  return samples;
}

function summarise(samples: ReadonlyMap<Name, Sample[]>): Row[] {
  const of = (name: Name, field: keyof Sample): number[] => (samples.get(name) ?? []).map((sample) => sample[field]);
  const median = (name: Name, field: keyof Sample): number =>
    quantile(
      of(name, field).sort((a, b) => a - b),
      0.5,
    );
  const reference = median('plugin, handler -> undici.dispatch', 'cpuMicrosPerRequest');
  return NAMES.map((name) => ({
    name,
    requestsPerSecond: Math.round(median(name, 'requestsPerSecond')),
    cpuMicrosPerRequest: median(name, 'cpuMicrosPerRequest'),
    cpuAgainstHandler: Math.round((median(name, 'cpuMicrosPerRequest') / reference) * 100) / 100,
    p99Ms: median(name, 'p99Ms'),
    memoryMiB: Math.round(median(name, 'memoryMiB')),
    failed: of(name, 'failed').reduce((sum, failed) => sum + failed, 0),
  }));
}

function render(rows: readonly Row[]): string {
  const line = (name: string, ...cells: (string | number)[]): string =>
    name.padEnd(38) + cells.map((cell, column) => String(cell).padStart([8, 12, 12, 9, 8, 8][column] ?? 0)).join('');
  return [
    line('', 'req/s', 'CPU us/req', 'vs handler', 'p99 ms', 'MiB', 'failed'),
    ...rows.map((row) => {
      const { name, requestsPerSecond, cpuMicrosPerRequest, cpuAgainstHandler, p99Ms, memoryMiB, failed } = row;
      return line(name, requestsPerSecond, cpuMicrosPerRequest, cpuAgainstHandler, p99Ms, memoryMiB, failed);
    }),
  ].join('\n');
}
