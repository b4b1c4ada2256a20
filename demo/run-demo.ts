// The demo from start to end: servers, machines, load, a plain restart, a clean one.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Closing } from '../embedded/closing.js';
import type { Servers } from '../embedded/servers.js';
import { startTemporaryServers } from '../embedded/servers.js';
import { missingForTomcat } from '../embedded/tomcat-kit.js';
import type { ReadyChild } from '../embedded/child-process.js';
import { NETWORK } from '../guests/layout.js';
import { connectTemporal, startCleanRestart } from '../worker/temporal-client.js';
import { startHostFor } from './guest-stage.js';
import { startGuestProxy } from './guest-proxy.js';
import { nodeGuests, tomcatGuests } from './guest-shop.js';
import { Installation } from './installation.js';
import { startLoad } from './load/start-load.js';
import { nodeShop } from './node-shop.js';
import type { DemoOptions } from './options.js';
import type { Stage } from './showing.js';
import { showing } from './showing.js';
import type { Comparison } from './table.js';
import { tomcatShop } from './tomcat-shop.js';
import type { View } from './view.js';
import { whileRunning } from './while-running.js';

const SLOW_MS = 300;
const SLOW_SHARE = 0.01;
/** JVMs compile what the load calls for meanwhile, and need longer for it. Chosen. */
const WARM_UP_MS = { process: { tomcat: 5000, node: 1000 }, libvirt: { tomcat: 15_000, node: 5000 } } as const;
const RECOVER_MS = 2000;
/** The demo ends itself, whatever happens. */
const MAX_LOAD_SECONDS = 900;

export interface DemoRun extends Comparison {
  workflowId: string;
  url: string;
  workflowUrl: string;
  /** Ends everything that the demo has started. */
  close: () => Promise<void>;
}

interface Scenery {
  app: DemoOptions['app'];
  servers: Servers;
  installation: Installation;
  client: Client;
  worker: ReadyChild;
  proxyUrl: string;
}

/** Resolves with the comparison while everything still runs; `close` ends it. On errors and aborts everything is ended first. */
export function runDemo(options: DemoOptions, view: View, signal: AbortSignal): Promise<DemoRun> {
  return Closing.onFailure(async (closing) => {
    const close = (): Promise<void> => closing.close();
    try {
      const scenery = await build(options, view, signal, closing);
      // A call to Temporal that is not cancelled would crash when its connection is closed.
      const playing = scenery.client.withAbortSignal(signal, () => play(options, scenery, view, signal, closing));
      return { ...(await Promise.race([playing, aborted(signal)])), close };
    } finally {
      view.done();
    }
  });
}

/** Starts everything but the load. */
async function build(options: DemoOptions, view: View, signal: AbortSignal, closing: Closing): Promise<Scenery> {
  const onProgress = (line: string): void => view.note(line);
  // Guests have a Java of their own.
  const app = options.machines === 'libvirt' ? options.app : await chooseApp(options.app, view);
  const host = options.machines === 'libvirt' ? await startHostFor(app, { onProgress, signal }, closing) : null;
  const alsoAt = host === null ? {} : { alsoAt: NETWORK };
  const servers = await startTemporaryServers({ purpose: 'demo', onProgress, signal, ...alsoAt });
  closing.add(() => servers.close());
  const { postgres, temporal } = servers;
  const directory = join(servers.directory, 'shop');
  const shops = {
    tomcat: () =>
      host ? tomcatGuests(host, postgres.url, { onProgress, signal }) : tomcatShop(directory, { onProgress, signal }),
    node: () => (host ? nodeGuests(host, postgres.url) : nodeShop(directory, postgres.url)),
  };
  const pool = await shops[app]();
  const installation = await Installation.create({
    ...{ directory, databaseUrl: postgres.url, temporalAddress: temporal.address },
    ...{ pool, port: options.port, signal },
  });
  closing.add(() => installation.close());
  const where = host === null ? '' : ' in virtual machines';
  view.note(`Starting ${app === 'tomcat' ? 'two Tomcats' : 'two Node servers'}${where}, the proxy and the worker`);
  await installation.bootMachines();
  const url = host ? await startGuestProxy(host, installation, signal) : (await installation.startProxy()).url;
  const worker = await installation.startWorker();
  const client = await connectTemporal(installation.config.temporal);
  closing.add(() => client.connection.close());
  view.note(`Application: ${url}/shop/cart    Temporal UI: ${temporal.uiUrl}    (files: ${servers.directory})`);
  return { app, servers, installation, client, worker, proxyUrl: url };
}

/** Restarts under load, the plain way and then cleanly. */
async function play(
  { users, rate, seconds, machines, crash: step }: DemoOptions,
  { app, servers: { temporal }, installation, client, worker, proxyUrl }: Scenery,
  view: View,
  signal: AbortSignal,
  closing: Closing,
): Promise<Omit<DemoRun, 'close'>> {
  signal.throwIfAborted();
  const [active] = installation.pool.machines;
  const load = startLoad({
    ...{ origins: [proxyUrl], users, rate, seed: 1, maxSeconds: MAX_LOAD_SECONDS, slowMs: SLOW_MS, slowShare: SLOW_SHARE },
  });
  closing.add(() => load.stop());
  view.note(`${users} users send ${rate} requests a second and check every answer`);
  const stage: Stage = { view, load, signal };
  const steady = (title: string, ms: number): Promise<unknown> => showing(stage, title, () => sleep(ms, undefined, { signal }));

  await steady('Warming up', WARM_UP_MS[machines][app]);
  const { report: beforePlain } = await load.during(() => steady('Steady', seconds * 1000));
  const { report: plain } = await load.during(async () => {
    await showing(stage, `Restarting ${active.name} the plain way`, () => installation.restartPlainly(active.name));
    await steady('Recovering', RECOVER_MS);
  });
  view.note(
    `Plain restart of ${active.name}: ${plain.failed} failed, ${plain.sessionsLost} sessions lost, ${plain.updatesLost} updates lost`,
  );
  await steady('Recovered, warming up', WARM_UP_MS[machines][app]);
  const { report: beforeClean } = await load.during(() => steady('Steady', seconds * 1000));

  const { result: outcome, report: clean } = await load.during(async () => {
    const handle = await startCleanRestart(client, installation.config.temporal, installation.pool.name, 'demo');
    const crash = async (): Promise<void> => {
      if (step === undefined) return;
      const killed = await whileRunning(step, handle, () => worker.signal('SIGKILL'), signal);
      view.note(killed ? `Killed the worker in ${step}; starting another` : `${step} was over before the worker could be killed`);
      if (killed) await installation.startWorker('worker-2');
    };
    const [result] = await showing(stage, 'Clean restart', () => Promise.all([handle.result(), crash()]), handle);
    return { handle, result };
  });
  const { workflowId, firstExecutionRunId } = outcome.handle;
  return {
    ...{ plain, clean, beforePlain, beforeClean, result: outcome.result, workflowId, url: `${proxyUrl}/shop/cart` },
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

/** Never resolves: rejects when `signal` aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
