// npm run bench:restart: how long requests are held in clean restarts, with how many idle sessions, and what their users notice.

import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { quantile } from '../activities/quantile.js';
import { makeIdleSessions } from '../demo/load/idle-sessions.js';
import type { WindowReport } from '../demo/load/report.js';
import { startLoad } from '../demo/load/start-load.js';
import { refusing, whole } from '../demo/options.js';
import { Closing } from '../embedded/closing.js';
import { connectTemporal, startCleanRestart } from '../worker/temporal-client.js';
import type { CleanRestartResult } from '../workflows/clean-restart.js';
import { startBench } from './bench-installation.js';
import { residentMiB } from './resident-memory.js';
import { runBench } from './run-bench.js';

const WARM_UP_MS = 8000;
const STEADY_MS = 5000;
const MAX_LOAD_SECONDS = 3600;
const MAX_IDLE = 100_000;

interface Options {
  json: boolean;
  restarts: number;
  idle: number[];
  users: number;
  rate: number;
  store: 'file' | 'data-source';
}

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

const {
  json,
  restarts,
  idle: idleCounts,
  users,
  rate,
  store,
} = refusing(new Command('npm run bench:restart --'))
  .description('Measures how long requests are held in clean restarts of a loaded Tomcat.')
  .option('--json', 'print one JSON object on standard output, progress on standard error', false)
  .option('--restarts <count>', 'clean restarts in a row', whole(1, 1000), 5)
  .option(
    '--idle <counts>',
    'idle sessions beside the users, one measurement for each',
    wholeList(0, MAX_IDLE),
    [0, 1000, 10_000],
  )
  .option('--users <count>', 'verifying users', whole(1, 5000), 200)
  .option('--rate <requests>', 'requests a second, open-loop', whole(1, 5000), 300)
  .addOption(new Option('--store <type>', "Tomcat's session store").choices(['file', 'data-source']).default('file'))
  .parse()
  .opts<Options>();

const closing = new Closing();
await runBench(closing, async (signal) => {
  const rows: Row[] = [];
  for (const idle of idleCounts) {
    console.error(
      `${restarts} clean restarts with ${users} users at ${rate} requests a second and ${idle} idle sessions, store: ${store}`,
    );
    rows.push(await measure(idle, signal).finally(() => closing.close()));
  }
  console.log(json ? JSON.stringify({ store, restarts: rows }) : render(rows));
  return rows.every(({ client, idleLost }) => client.failed + client.sessionsLost + client.updatesLost + idleLost === 0);
});

function wholeList(least: number, most: number): (text: string) => number[] {
  return (text) => {
    if (text === '') throw new InvalidArgumentError('Allowed: whole numbers separated by commas.');
    return text.split(',').map(whole(least, most));
  };
}

async function measure(idleCount: number, signal: AbortSignal): Promise<Row> {
  const bench = await startBench(store, signal);
  closing.add(() => bench.close());
  const { installation, origin } = bench;
  const load = startLoad({
    ...{ origins: [origin], users, rate, seed: 1, maxSeconds: MAX_LOAD_SECONDS, slowMs: 300, slowShare: 0.01 },
  });
  closing.add(() => load.stop());
  await sleep(WARM_UP_MS);
  const idle = await makeIdleSessions(origin, idleCount);
  const { report: before } = await load.during(() => sleep(STEADY_MS));
  const client = await connectTemporal(installation.config.temporal);
  closing.add(() => client.connection.close());
  const restartAgainAndAgain = async (): Promise<CleanRestartResult[]> => {
    const outcomes: CleanRestartResult[] = [];
    for (let i = 1; i <= restarts; i++) {
      const handle = await startCleanRestart(client, installation.config.temporal, installation.pool.name);
      const outcome = await handle.result();
      outcomes.push(outcome);
      console.error(`  ${i}/${restarts}: held p99 ${outcome.holdMs.p99} ms, max ${outcome.holdMs.max} ms`);
    }
    return outcomes;
  };
  const { report, result } = await load.during(() => client.withAbortSignal(signal, restartAgainAndAgain));
  const median = (numbers: number[]): number =>
    quantile(
      numbers.sort((a, b) => a - b),
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
  const reasons = table.flatMap(({ idle, client }) =>
    Object.entries(client.reasons).map(([reason, count]) => `failed with ${idle} idle sessions: ${count} × ${reason}`),
  );
  return [
    ...lines.map(([label, show]) => `${label.padEnd(24)}${table.map((row) => show(row).padStart(24)).join('')}`),
    ...reasons,
  ].join('\n');
}
