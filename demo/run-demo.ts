// The demo from start to end: servers, machines, load, a plain restart, a clean one.

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import { missingForTomcat } from '../embedded/tomcat-kit.js';
import type { CleanRestartHandle } from '../worker/temporal-client.js';
import { connectTemporal, startCleanRestart } from '../worker/temporal-client.js';
import { statusQuery } from '../workflows/messages.js';
import type { RestartStatus } from '../workflows/steps.js';
import { whileRunning } from './while-running.js';
import { Installation } from './installation.js';
import type { RunningLoad } from './load/start-load.js';
import { startLoad } from './load/start-load.js';
import { nodeShop } from './node-shop.js';
import type { DemoOptions } from './options.js';
import type { Comparison } from './table.js';
import { tomcatShop } from './tomcat-shop.js';
import type { View } from './view.js';

const SHOW_EVERY_MS = 200;
const SLOW_MS = 300;
const SLOW_SHARE = 0.01;
/** The JVMs compile what the load calls for meanwhile. Chosen. */
const WARM_UP_MS = 5000;
/** The demo ends itself, whatever happens. */
const MAX_LOAD_SECONDS = 900;

export interface DemoRun extends Comparison {
  workflowId: string;
  url: string;
  workflowUrl: string;
  /** Ends everything that the demo has started. */
  close(): Promise<void>;
}

/** Resolves with the comparison while everything still runs; `close` ends it. On errors and aborts everything is ended first. */
export async function runDemo(options: DemoOptions, view: View, signal: AbortSignal): Promise<DemoRun> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0)) await end().catch((error: unknown) => view.note(`While ending: ${String(error)}`));
  };
  try {
    return { ...(await play(options, view, signal, closing)), close };
  } catch (error) {
    view.done();
    await close();
    throw error;
  }
}

async function play(
  options: DemoOptions,
  view: View,
  signal: AbortSignal,
  closing: (() => Promise<unknown>)[],
): Promise<Omit<DemoRun, 'close'>> {
  const onProgress = (line: string): void => view.note(line);
  const app = await chooseApp(options.app, view);
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-demo-'));
  closing.unshift(() => rm(directory, { recursive: true, force: true }));
  // As root, PostgreSQL runs under an account of its own, which must be able to reach its directory.
  await chmod(directory, 0o711);
  const cli = await findTemporalCli({ onProgress, signal });

  view.note('Starting PostgreSQL and Temporal');
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  closing.unshift(() => postgres.stop());
  const temporal = await startEmbeddedTemporal({ cli, directory: join(directory, 'temporal') });
  closing.unshift(() => temporal.stop());

  const shopDirectory = join(directory, 'shop');
  const pool = app === 'tomcat' ? await tomcatShop(shopDirectory, { onProgress }) : await nodeShop(shopDirectory, postgres.url);
  const installation = await Installation.create({
    ...{ directory: shopDirectory, databaseUrl: postgres.url, temporalAddress: temporal.address, pool, port: options.port },
  });
  closing.unshift(() => installation.close());
  const [active] = installation.pool.machines;
  view.note(`Starting ${app === 'tomcat' ? 'two Tomcats' : 'two Node servers'}, the proxy and the worker`);
  await installation.bootMachines();
  const proxy = await installation.startProxy();
  let worker = await installation.startWorker();
  const client = await connectTemporal(installation.config.temporal);
  closing.unshift(() => client.connection.close());
  signal.throwIfAborted();
  view.note(`Application: ${proxy.url}/shop/cart    Temporal UI: ${temporal.uiUrl}    (files: ${directory})`);

  const { users, rate, seconds } = options;
  const load = startLoad({
    origins: [proxy.url],
    users,
    rate,
    seed: 1,
    maxSeconds: MAX_LOAD_SECONDS,
    slowMs: SLOW_MS,
    slowShare: SLOW_SHARE,
  });
  closing.unshift(() => load.stop());
  view.note(`${users} users send ${rate} requests a second and check every answer`);
  const steady = (title: string, ms: number): Promise<unknown> =>
    showing(view, load, title, null, () => sleep(ms, undefined, { signal }));

  await steady('Warming up', WARM_UP_MS);
  const beforePlain = (await load.during(() => steady('Steady', seconds * 1000))).report;
  const plain = (
    await load.during(async () => {
      await showing(view, load, `Restarting ${active.name} the plain way`, null, () => installation.restartPlainly(active.name));
      await steady('Recovering', 2000);
    })
  ).report;
  view.note(
    `Plain restart of ${active.name}: ${plain.failed} failed, ${plain.sessionsLost} sessions lost, ${plain.updatesLost} updates lost`,
  );
  await steady('Recovered, warming up', WARM_UP_MS);
  const beforeClean = (await load.during(() => steady('Steady', seconds * 1000))).report;

  const { result: outcome, report: clean } = await load.during(async () => {
    const handle = await startCleanRestart(client, installation.config.temporal.taskQueue, installation.pool.name, 'demo');
    const crash = async (): Promise<void> => {
      if (options.crash === undefined) return;
      const killed = await whileRunning(options.crash, handle, () => worker.signal('SIGKILL'), signal);
      view.note(
        killed
          ? `Killed the worker in ${options.crash}; starting another`
          : `${options.crash} was over before the worker could be killed`,
      );
      if (killed) worker = await installation.startWorker('worker-2');
    };
    const [result] = await showing(view, load, 'Clean restart', handle, () => Promise.all([handle.result(), crash()]));
    return { handle, result };
  });
  view.done();
  const { workflowId, firstExecutionRunId } = outcome.handle;
  return {
    ...{ plain, clean, beforePlain, beforeClean, result: outcome.result, workflowId, url: `${proxy.url}/shop/cart` },
    workflowUrl: `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}/${firstExecutionRunId}/history`,
  };
}

async function chooseApp(wanted: DemoOptions['app'], view: View): Promise<DemoOptions['app']> {
  const missing = wanted === 'tomcat' ? await missingForTomcat() : null;
  if (missing === null) return wanted;
  view.note(
    `The command "${missing}" is missing, so the Node application is used, with its sessions in PostgreSQL (Tomcat needs a JDK 17 and Maven).`,
  );
  return 'node';
}

/** Shows what happens while `work` runs. */
async function showing<T>(
  view: View,
  load: RunningLoad,
  title: string,
  handle: CleanRestartHandle | null,
  work: () => Promise<T>,
): Promise<T> {
  let restart: RestartStatus | null = null;
  let sessionsMoved: number | null = null;
  let asking = false;
  const ask = async (): Promise<void> => {
    if (handle === null || asking) return;
    asking = true;
    // Without a worker nobody answers the query; the last answer stays on the screen.
    restart = await handle.query(statusQuery).catch(() => restart);
    const pending = await handle.describe().catch(() => null);
    sessionsMoved = movedSoFar(pending?.raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data) ?? sessionsMoved;
    asking = false;
  };
  const ticker = setInterval(() => {
    void ask();
    view.show({ title, load: load.progress(), restart, sessionsMoved });
  }, SHOW_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(ticker);
  }
}

function movedSoFar(heartbeat: Uint8Array | null | undefined): number | null {
  if (!heartbeat) return null;
  const details = JSON.parse(Buffer.from(heartbeat).toString('utf8')) as { moved?: number };
  return details.moved ?? null;
}
