// Keeps the view up to date while a part of the demo runs.

import type { RunHandle } from '../worker/temporal-client.js';
import { statusQuery } from '../workflows/messages.js';
import type { RestartStatus } from '../workflows/steps.js';
import type { LoadProgress } from './load/report.js';
import type { RunningLoad } from './load/start-load.js';
import type { View } from './view.js';

const SHOW_EVERY_MS = 200;

export interface Stage {
  view: View;
  load: RunningLoad;
  signal: AbortSignal;
}

/** Shows what happens while `work` runs, under a title that may change; with a handle, how far that restart is. */
export async function showing<T>(
  { view, load, signal }: Stage,
  title: string | (() => string),
  work: () => Promise<T>,
  handle: Pick<RunHandle, 'query' | 'describe'> | null = null,
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
  const before = load.progress();
  const ticker = setInterval(() => {
    void ask();
    view.show({
      title: typeof title === 'string' ? title : title(),
      load: since(before, load.progress()),
      restart,
      sessionsMoved,
    });
  }, SHOW_EVERY_MS);
  const end = (): void => clearInterval(ticker);
  // Whatever `work` waits for then.
  signal.addEventListener('abort', end);
  try {
    return await work();
  } finally {
    end();
    signal.removeEventListener('abort', end);
  }
}

function movedSoFar(heartbeat: Uint8Array | null | undefined): number | null {
  if (!heartbeat) return null;
  const details = JSON.parse(Buffer.from(heartbeat).toString('utf8')) as { moved?: number };
  return details.moved ?? null;
}

/** What came of the load since then: what failed before is not this part's. */
function since(before: LoadProgress | undefined, now: LoadProgress | undefined): LoadProgress | undefined {
  if (before === undefined || now === undefined) return now;
  const { requests, failed, sessionsLost, updatesLost } = before;
  return {
    ...now,
    requests: now.requests - requests,
    failed: now.failed - failed,
    sessionsLost: now.sessionsLost - sessionsLost,
    updatesLost: now.updatesLost - updatesLost,
  };
}
