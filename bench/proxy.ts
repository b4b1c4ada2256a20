// npm run bench:proxy: CPU per request of the proxy beside what it is built on and HAProxy, one core each, 1 KiB, in alternating rounds.

import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { stringify } from 'yaml';
import { quantile } from '../demo/load/report.js';
import type { ReadyChild } from '../embedded/child-process.js';
import { startReadyChild } from '../embedded/child-process.js';
import { freePort } from '../embedded/ports.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';

const NAMES = ['vm-rejuv', 'plugin, handler -> undici.dispatch', 'plugin, plain', 'HAProxy'] as const;
type Name = (typeof NAMES)[number];

interface Sample {
  requestsPerSecond: number;
  cpuMicrosPerRequest: number;
  p99Ms: number;
  failed: number;
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
  },
});
for (const tool of ['haproxy', 'wrk', 'taskset']) {
  if (spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) continue;
  console.error(`${tool} is missing. On Debian: apt-get install haproxy wrk util-linux`);
  process.exit(1);
}
/** Clock ticks per second of /proc; Linux fixes it at 100 for user space. */
const TICKS_PER_SECOND = 100;
const directory = mkdtempSync(join(tmpdir(), 'vm-rejuv-bench-'));
chmodSync(directory, 0o711);
const children: ReadyChild[] = [];
const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
try {
  const upstream = String((await start('upstream', ['taskset', '-c', '1', ...node('upstream.js')])).ready['url']);
  const targets = new Map<Name, { url: string; pid: number }>();
  targets.set('vm-rejuv', await startVmRejuv(upstream));
  targets.set('plugin, handler -> undici.dispatch', await startReference('handler', upstream));
  targets.set('plugin, plain', await startReference('plain', upstream));
  targets.set('HAProxy', await startHaproxy(upstream));

  const samples = new Map<Name, Sample[]>(NAMES.map((name) => [name, []]));
  // The first round only warms up.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [name, target] of targets) {
      const sample = await measure(target);
      if (round > 0) samples.get(name)?.push(sample);
    }
    console.error(round === 0 ? 'warmed up' : `round ${round} of ${values.rounds}`);
  }
  report(samples);
} finally {
  await Promise.all(children.map((child) => child.stop()));
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

function node(script: string, ...args: string[]): string[] {
  return [process.execPath, '--max-semi-space-size=64', fileURLToPath(new URL(`./${script}`, import.meta.url)), ...args];
}

async function start(name: string, command: string[], env: Record<string, string> = {}): Promise<ReadyChild> {
  const child = await startReadyChild({ name, command, env, logFile: join(directory, `${name}.log`) });
  children.push(child);
  return child;
}

async function startReference(mode: 'handler' | 'plain', upstream: string): Promise<{ url: string; pid: number }> {
  const { ready, pid } = await start(mode, ['taskset', '-c', '0', ...node('reference-proxy.js', mode, upstream)]);
  return { url: String(ready['url']), pid };
}

async function startVmRejuv(upstream: string): Promise<{ url: string; pid: number }> {
  const driver = { type: 'process', command: ['true'], stateDirectory: directory };
  const pool = {
    machines: [
      { name: 'a', url: upstream, driver },
      { name: 'b', url: 'http://127.0.0.1:9', driver },
    ],
    ...{ sessions: { mechanism: 'shared-store' }, health: { path: '/' } },
  };
  const config = join(directory, 'vm-rejuv.yaml');
  writeFileSync(config, stringify({ pools: { bench: pool } }));
  const env = { VM_REJUV_CONFIG: config, VM_REJUV_DATABASE_URL: postgres.url, VM_REJUV_ADMIN_TOKEN: 'bench' };
  const args = ['proxy', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--json'];
  const { ready, pid } = await start('vm-rejuv', ['taskset', '-c', '0', ...node('../cli/main.js', ...args)], env);
  return { url: String(ready['url']), pid };
}

async function startHaproxy(upstream: string): Promise<{ url: string; pid: number }> {
  const port = await freePort();
  const file = join(directory, 'haproxy.cfg');
  const server = upstream.replace('http://', '');
  writeFileSync(
    file,
    `global\n  nbthread 1\n  maxconn 1000\ndefaults\n  mode http\n  timeout client 30s\n  timeout server 30s\n  timeout connect 5s\n  option forwardfor\nfrontend f\n  bind 127.0.0.1:${port}\n  default_backend b\nbackend b\n  server s ${server}\n`,
  );
  const { pid } = await start('haproxy', ['sh', '-c', `echo '{"ready":true}'; exec taskset -c 0 haproxy -db -f ${file}`]);
  return { url: `http://127.0.0.1:${port}`, pid };
}

async function measure({ url, pid }: { url: string; pid: number }): Promise<Sample> {
  const before = cpuSeconds(pid);
  const args = [
    '-c',
    '1',
    'wrk',
    '-t1',
    '-c64',
    `-d${values.seconds}s`,
    '--latency',
    '-H',
    'Cookie: JSESSIONID=0123456789ABCDEF',
    url,
  ];
  const { stdout } = await promisify(execFile)('taskset', args);
  const cpu = cpuSeconds(pid) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const [, p99 = '0', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    cpuMicrosPerRequest: (cpu / requests) * 1e6,
    p99Ms: Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's'],
    failed: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
  };
}

/** User and system time (proc(5), fields 14 and 15). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function report(samples: ReadonlyMap<Name, Sample[]>): void {
  const median = (name: Name, field: keyof Sample): number =>
    quantile(
      (samples.get(name) ?? []).map((sample) => sample[field]).sort((a, b) => a - b),
      0.5,
    );
  const reference = median('plugin, handler -> undici.dispatch', 'cpuMicrosPerRequest');
  const rows = NAMES.map((name) => ({
    name,
    requestsPerSecond: Math.round(median(name, 'requestsPerSecond')),
    cpuMicrosPerRequest: Math.round(median(name, 'cpuMicrosPerRequest') * 10) / 10,
    cpuAgainstHandler: Math.round((median(name, 'cpuMicrosPerRequest') / reference) * 100) / 100,
    p99Ms: Math.round(median(name, 'p99Ms') * 10) / 10,
    failed: (samples.get(name) ?? []).reduce((sum, sample) => sum + sample.failed, 0),
  }));
  if (values.json) return console.log(JSON.stringify({ rounds: Number(values.rounds), proxies: rows }));
  console.log(
    `${''.padEnd(38)}${'req/s'.padStart(8)}${'CPU us/req'.padStart(12)}${'vs handler'.padStart(12)}${'p99 ms'.padStart(9)}${'failed'.padStart(8)}`,
  );
  for (const row of rows) {
    const { name, requestsPerSecond, cpuMicrosPerRequest, cpuAgainstHandler, p99Ms, failed } = row;
    const cells = [
      String(requestsPerSecond).padStart(8),
      String(cpuMicrosPerRequest).padStart(12),
      String(cpuAgainstHandler).padStart(12),
    ];
    console.log(`${name.padEnd(38)}${cells.join('')}${String(p99Ms).padStart(9)}${String(failed).padStart(8)}`);
  }
}
