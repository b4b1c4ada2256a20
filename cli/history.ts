// What has been done and decided of a pool, the latest last: from its supervisor where that answers, and from the store.

import { OperatorError } from '../config/operator-error.js';
import type { Config, PoolConfig } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import { recentResults } from '../state/restart-results.js';
import { supervisorHistory } from '../worker/supervisor-status.js';
import { connectTemporal } from '../worker/temporal-client.js';
import { describeRescued } from '../workflows/fail-over-steps.js';
import { describeTold } from '../workflows/supervision-details.js';
import type { Explanation } from '../workflows/supervision.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import type { HistoryEntry } from './pool-history.js';
import { mergeHistory } from './pool-history.js';
import { choosePool } from './pool-option.js';
import { describeExceptions, describeHolds, describeMoved, seconds } from './restart-outcome.js';

/** Some screens. Chosen. */
const USUAL_LIMIT = 50;

export interface HistoryOptions extends OutputOptions {
  limit?: number;
}

/**
 * Prints the latest entries. Where the supervisor of a pool with a policy does not answer, those of the store are printed all the same, and
 * TEMPORAL_UNREACHABLE, NO_SUPERVISOR or NO_WORKER is thrown then: what it has refused is missing.
 */
export async function history(config: Config, poolName: string, options: HistoryOptions): Promise<void> {
  const pool = choosePool(config, poolName);
  const limit = options.limit ?? USUAL_LIMIT;
  const database = openDatabase(config.database.url);
  try {
    await migrate(config.database.url);
    const rows = await recentResults(database, pool.name, limit);
    const { told, missing } = await toldBy(config, pool);
    const entries = mergeHistory(pool.name, told, rows).slice(-limit);
    for (const entry of entries) print(options, historyText(entry), entry);
    if (missing !== null) throw missing;
    if (entries.length === 0 && options.json !== true) print(options, `${pool.name}: nothing was done or decided yet`, null);
  } finally {
    await database.end();
  }
}

/** `missing`: why the supervisor tells nothing. One of a pool without a policy has nothing to tell. */
async function toldBy(
  { temporal }: Config,
  { name, policy }: PoolConfig,
): Promise<{ told: Explanation[]; missing: Error | null }> {
  if (policy === null) return { told: [], missing: null };
  try {
    const client = await connectTemporal(temporal);
    try {
      return { told: await supervisorHistory(client, temporal, name), missing: null };
    } finally {
      await client.connection.close();
    }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { told: [], missing: error };
  }
}

/** One line of an answer, three of a restart or a fail-over. */
export function historyText(entry: HistoryEntry): string {
  const { at, kind, what, reason, code, text, count, run, startedAt, begunBy, wantedBy } = entry;
  if (kind === 'answer') {
    const times = count === 1 ? '' : `, ${count} times`;
    return `${at.toISOString()} ${describeTold({ what: what ?? '', reason })}${times}: ${code ?? ''}: ${text ?? ''}`;
  }
  const begun = startedAt === null ? '' : ` ${startedAt.toISOString()}`;
  const by = begunBy === null ? '' : ` by ${begunBy}`;
  const wanted = wantedBy === null ? '' : `, wanted by ${wantedBy}`;
  return [
    `${at.toISOString()} ${kind === 'restart' ? 'clean restart' : 'fail-over'} ${run ?? ''}`,
    `  begun${begun}${by}${wanted}: ${reason ?? 'no reason was given'}`,
    `  ${code ?? ''}: ${describeEnd(entry)}`,
  ].join('\n');
}

function describeEnd(entry: HistoryEntry): string {
  const { text, from, to, tookMs, sessionsMoved, sessionsSaved: saved, sessionsLost: lost, isBack, holdMs, holdsExpired } = entry;
  const whole = tookMs === null ? [] : [`${seconds(tookMs)} in all`];
  if (from === null) return [text ?? '', ...whole].join(' ');
  const rescued = isBack === null ? [] : [describeRescued({ saved, lost })];
  const back = isBack === null ? '' : `; ${from} ${isBack ? 'is back as the standby' : 'was left as it was'}`;
  const moved = sessionsMoved === null ? [] : [describeMoved(sessionsMoved)];
  const held = holdMs === null ? [] : [describeHolds(holdMs)];
  const expired = holdsExpired === null ? [] : [`${holdsExpired} requests answered 503 because of that`];
  return (
    [`${from} to ${to ?? ''}`, ...moved, ...rescued, ...held, ...expired, ...whole].join(', ') +
    back +
    describeExceptions(from, entry)
  );
}
