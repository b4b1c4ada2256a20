// The demo from start to end: servers, machines, load, a plain restart, a clean one.

import { setTimeout as sleep } from 'node:timers/promises';
import { Closing } from '../embedded/closing.js';
import { startCleanRestart } from '../worker/temporal-client.js';
import { aborted } from './aborted.js';
import { startLoad } from './load/start-load.js';
import type { DemoOptions } from './options.js';
import type { Scenery } from './scenery.js';
import { setScene } from './scenery.js';
import type { Stage } from './showing.js';
import { showing } from './showing.js';
import type { Comparison } from './table.js';
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
  /** Everything that was started has its files there. */
  directory: string;
  /** The load ends by itself so long after its beginning. */
  maxLoadSeconds: number;
  /** Writes what `vm-rejuv` commands need to know of it; resolves with the file. */
  publish: () => Promise<string>;
  /** Ends everything that the demo has started. */
  close: () => Promise<void>;
}

/** Resolves with the comparison while everything still runs; `close` ends it. On errors and aborts everything is ended first. */
export function runDemo(options: DemoOptions, view: View, signal: AbortSignal): Promise<DemoRun> {
  return Closing.onFailure(async (closing) => {
    const close = (): Promise<void> => closing.close();
    try {
      const scenery = await setScene(options, view, signal, closing);
      // A call to Temporal that is not cancelled would crash when its connection is closed.
      const playing = scenery.client.withAbortSignal(signal, () => play(options, scenery, view, signal, closing));
      return { ...(await Promise.race([playing, aborted(signal)])), close };
    } finally {
      view.done();
    }
  });
}

/** Restarts under load, the plain way and then cleanly. */
async function play(
  { users, rate, seconds, machines, crash: step }: DemoOptions,
  { app, servers: { temporal, directory }, installation, client, worker, proxyUrl }: Scenery,
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
    ...{ directory, maxLoadSeconds: MAX_LOAD_SECONDS },
    publish: () => installation.publish(),
    workflowUrl: `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}/${firstExecutionRunId}/history`,
  };
}
