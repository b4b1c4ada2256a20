// A server that ages, seen by detection and restarted cleanly before it fails a request.

import { setTimeout as sleep } from 'node:timers/promises';
import { Closing } from '../embedded/closing.js';
import { OperatorError } from '../config/operator-error.js';
import { BOOT } from '../aging/recording.js';
import { openDatabase } from '../state/database.js';
import type { SampleRow } from '../state/sample.js';
import { latestSample, readSamples } from '../state/sample.js';
import type { CleanRestartResult } from '../workflows/clean-restart.js';
import type { Explanation } from '../workflows/supervision.js';
import { historyQuery } from '../workflows/supervisor-messages.js';
import { restartOf, supervisorOf } from '../workflows/workflow-ids.js';
import { runHandle } from '../worker/temporal-client.js';
import { aborted } from './aborted.js';
import { agingShop, SHOWN, TIME_SCALE } from './aging-shop.js';
import type { WindowReport } from './load/report.js';
import { startLoad } from './load/start-load.js';
import type { DemoOptions, Leak } from './options.js';
import type { Scenery } from './scenery.js';
import { setScene } from './scenery.js';
import type { Stage } from './showing.js';
import { showing } from './showing.js';
import type { View } from './view.js';

/** Far beyond the machine's life: it is dead by then. */
const MAX_LOAD_SECONDS = 600;
const LOOK_EVERY_MS = 250;
/** Shows the new machine at work. */
const AFTER_MS = 8000;
const SHOW_LATEST_EVERY_MS = 1000;

export interface LeakRun {
  leak: Leak;
  /** From the first request to the end, the restart included. */
  report: WindowReport;
  /** What detection has said. */
  evidence: string;
  result: CleanRestartResult;
  workflowId: string;
  workflowUrl: string;
  url: string;
  /** Everything that was started has its files there. */
  directory: string;
  /** The load ends by itself so long after its beginning. */
  maxLoadSeconds: number;
  /** Of the series that shows it, by the monitor's clock. */
  samples: SampleRow[];
  /** When the monitor has seen the other machine, by its clock, in ms since 1970. */
  restartedAtMs: number;
  /** Writes what `vm-rejuv` commands need to know of it; resolves with the file. */
  publish: () => Promise<string>;
  close: () => Promise<void>;
}

/** Resolves while everything still runs; `close` ends it. On errors and aborts everything is ended first. */
export function runLeak(options: DemoOptions & { leak: Leak }, view: View, signal: AbortSignal): Promise<LeakRun> {
  return Closing.onFailure(async (closing) => {
    const close = (): Promise<void> => closing.close();
    const { leak, rate } = options;
    const onProgress = (line: string): void => view.note(line);
    try {
      const scenery = await setScene(options, view, signal, closing, (directory) =>
        agingShop(directory, leak, rate, { onProgress, signal }),
      );
      const playing = scenery.client.withAbortSignal(signal, () => play(options, scenery, view, signal, closing));
      return { ...(await Promise.race([playing, aborted(signal)])), close };
    } finally {
      view.done();
    }
  });
}

async function play(
  { users, rate, leak }: DemoOptions & { leak: Leak },
  { servers: { temporal, postgres, directory }, installation, client, proxyUrl }: Scenery,
  view: View,
  signal: AbortSignal,
  closing: Closing,
): Promise<Omit<LeakRun, 'close'>> {
  const pool = installation.pool.name;
  const supervisor = client.workflow.getHandle(supervisorOf(pool));
  const history = (): Promise<Explanation[]> => supervisor.query<Explanation[]>(historyQuery.name);
  const load = startLoad({ origins: [proxyUrl], users, rate, seed: 1, maxSeconds: MAX_LOAD_SECONDS, slowMs: 0, slowShare: 0 });
  closing.add(() => load.stop());
  const stage: Stage = { view, load, signal };
  view.note(`${users} users send ${rate} requests a second; with each the server loses a little (${leak})`);
  view.note(`Detection's clock goes ${TIME_SCALE} times faster: a second is ten minutes of it`);
  const database = openDatabase(postgres.url);
  closing.add(() => database.end());
  const [active] = installation.pool.machines;
  let latest: SampleRow | null = null;
  const look = setInterval(() => {
    void latestSample(database, pool, active.name, SHOWN[leak]).then(
      (row) => (latest = row),
      () => undefined,
    );
  }, SHOW_LATEST_EVERY_MS);
  closing.add(() => Promise.resolve(clearInterval(look)));
  const title = (): string => `Aging: ${latest === null ? SHOWN[leak] : levelOf(latest)}`;
  const { result, report } = await load.during(async () => {
    const told = await showing(stage, title, () => until(history, ({ what }) => what === 'agingDetected', signal));
    const evidence = told.reason ?? told.text;
    view.note(`Detection: ${evidence}`);
    const started = await until(history, ({ what, code }) => what === 'restart' && code === 'STARTED', signal);
    const [, run = ''] = /^(\S+) has begun/.exec(started.text) ?? [];
    const handle = runHandle(client, run);
    const restart = await showing(stage, 'Clean restart', () => handle.result(), handle);
    await showing(stage, 'Rejuvenated', () => sleep(AFTER_MS, undefined, { signal }));
    return { restart, evidence, run };
  });
  clearInterval(look);
  const rows = await readSamples(database, pool, 0);
  const { restart, evidence, run } = result;
  const runId = run.slice(run.lastIndexOf('/') + 1);
  return {
    ...{ leak, report, evidence, result: restart, workflowId: restartOf(pool) },
    workflowUrl: `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(restartOf(pool))}/${runId}/history`,
    url: `${proxyUrl}/shop/cart`,
    ...{ directory, maxLoadSeconds: MAX_LOAD_SECONDS },
    publish: () => installation.publish(),
    samples: rows.filter(({ series }) => series === SHOWN[leak]),
    restartedAtMs: rows.findLast(({ series }) => series === BOOT)?.atMs ?? 0,
  };
}

/** Such as "threads 812 of 2000". */
export function levelOf({ series, value, limit }: SampleRow): string {
  return `${series} ${Math.round(value)}${limit === null ? '' : ` of ${Math.round(limit)}`}`;
}

/** The first entry of the supervisor's history that is like that, whenever it comes. */
async function until(
  history: () => Promise<Explanation[]>,
  isIt: (entry: Explanation) => boolean,
  signal: AbortSignal,
): Promise<Explanation> {
  for (const end = performance.now() + MAX_LOAD_SECONDS * 1000; performance.now() < end;) {
    const found = (await history()).find(isIt);
    if (found !== undefined) return found;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
  throw new OperatorError(
    'AGING_UNSEEN',
    `Detection has not asked for a restart within ${MAX_LOAD_SECONDS} s.`,
    'Look at what "vm-rejuv status" says of the pool, with --keep.',
  );
}
