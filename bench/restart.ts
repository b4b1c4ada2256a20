// npm run bench:restart: how long requests are held in clean restarts, with how many idle sessions, and what their users notice.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeIdleSessions } from '../demo/load/idle-sessions.js';
import { startLoad } from '../demo/load/start-load.js';
import type { WindowReport } from '../demo/load/report.js';
import { quantile } from '../demo/load/report.js';
import { connectTemporal, startCleanRestart } from '../worker/temporal-client.js';
import { startBench } from './bench-installation.js';

interface Row {
  idle: number;
  restarts: number;
  holdMs: { p50: number; p99: number; max: number };
  client: WindowReport;
  before: WindowReport;
  idleLost: number;
  sessionsMoved: number;
  /** Median duration of each step. */
  steps: { name: string; ms: number }[];
  /** Resident memory of both machines after the last restart. */
  machinesMiB: number;
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    restarts: { type: 'string', default: '5' },
    idle: { type: 'string', default: '0,1000,10000' },
    users: { type: 'string', default: '200' },
    rate: { type: 'string', default: '300' },
  },
});
const restarts = Number(values.restarts);
const rows: Row[] = [];
for (const idle of values.idle.split(',').map(Number)) {
  console.error(
    `${restarts} clean restarts with ${values.users} users at ${values.rate} requests a second and ${idle} idle sessions`,
  );
  rows.push(await measure(idle));
}
if (values.json) console.log(JSON.stringify({ restarts: rows }));
else console.log(render(rows));

async function measure(idleCount: number): Promise<Row> {
  const bench = await startBench();
  const { installation, origin } = bench;
  const load = startLoad({
    ...{
      origins: [origin],
      users: Number(values.users),
      rate: Number(values.rate),
      seed: 1,
      maxSeconds: 600,
      slowMs: 300,
      slowShare: 0.01,
    },
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, 8000));
    const idle = await makeIdleSessions(origin, idleCount);
    const { report: before } = await load.during(() => new Promise((resolve) => setTimeout(resolve, 5000)));
    const client = await connectTemporal(installation.config.temporal);
    const { report, result } = await load.during(async () => {
      const outcomes = [];
      for (let i = 0; i < restarts; i++) {
        const handle = await startCleanRestart(client, installation.config.temporal.taskQueue, installation.pool.name);
        outcomes.push(await handle.result());
        console.error(
          `  ${i + 1}/${restarts}: held p99 ${outcomes.at(-1)?.holdMs.p99} ms, max ${outcomes.at(-1)?.holdMs.max} ms`,
        );
      }
      return outcomes;
    });
    await client.connection.close();
    const median = (values_: number[]): number =>
      quantile(
        [...values_].sort((a, b) => a - b),
        0.5,
      );
    return {
      idle: idleCount,
      restarts,
      holdMs: {
        p50: median(result.map(({ holdMs }) => holdMs.p50)),
        p99: median(result.map(({ holdMs }) => holdMs.p99)),
        max: Math.max(...result.map(({ holdMs }) => holdMs.max)),
      },
      client: report,
      before,
      idleLost: await idle.verify(),
      sessionsMoved: Math.max(...result.map(({ sessionsMoved }) => sessionsMoved)),
      steps: (result[0]?.steps ?? []).map(({ name }, step) => ({
        name,
        ms: median(result.map(({ steps }) => steps[step]?.ms ?? 0)),
      })),
      machinesMiB: Math.round((await bench.machinePids()).reduce((sum, pid) => sum + residentMiB(pid), 0)),
    };
  } finally {
    await load.stop();
    await bench.close();
  }
}

function residentMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1024;
}

function render(table: readonly Row[]): string {
  const lines: [string, (row: Row) => string][] = [
    ['idle sessions', (row) => String(row.idle)],
    ['sessions moved', (row) => String(row.sessionsMoved)],
    ['held p50 / p99 / max', ({ holdMs }) => `${holdMs.p50} / ${holdMs.p99} / ${holdMs.max} ms`],
    ['client p50 before', (row) => `${row.before.p50Ms} ms`],
    ['client p99 before', (row) => `${row.before.p99Ms} ms`],
    ['client p50 during', (row) => `${row.client.p50Ms} ms`],
    ['client p99 during', (row) => `${row.client.p99Ms} ms`],
    ['longest client wait', (row) => `${row.client.longestWaitMs} ms`],
    ['requests', (row) => String(row.client.requests)],
    ['failed', (row) => String(row.client.failed)],
    ['sessions lost', (row) => String(row.client.sessionsLost + row.idleLost)],
    ['updates lost', (row) => String(row.client.updatesLost)],
    ...(table[0]?.steps ?? []).map(({ name }, step): [string, (row: Row) => string] => [
      name,
      (row) => `${row.steps[step]?.ms ?? '-'} ms`,
    ]),
    ['memory of both Tomcats', (row) => `${row.machinesMiB} MiB`],
  ];
  return lines.map(([label, show]) => `${label.padEnd(24)}${table.map((row) => show(row).padStart(24)).join('')}`).join('\n');
}
