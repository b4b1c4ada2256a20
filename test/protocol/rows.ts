// The rows of one pool as state/ keeps them, in memory: plain data and one function for each statement of state/.
// test/protocol/rows.test.ts compares them with PostgreSQL, operation by operation.

import type { CommitOutcome, HoldRow, HoldScope } from '../../state/hold.js';
import { refusalOf } from '../../state/hold.js';
import type { PoolRow } from '../../state/pool.js';
import type { PoolSnapshot } from '../../state/snapshot.js';

export interface Rows {
  pool: Omit<PoolRow, 'name'>;
  holds: (HoldRow & { token: number })[];
  /** Rows that a later run has deleted. Messages about them may still come. */
  deleted: HoldRow[];
  /** A key's machine and the run that wrote it. */
  owners: Map<string, { machine: string; run: string }>;
  /** Incarnations, and how they ended. */
  proxies: Map<string, End>;
}

/** `lately`: ended uncleanly, and what it sent may still be queued. `long-ago`: the request time-out has passed since. */
export type End = 'no' | 'lately' | 'long-ago';

export interface Pen {
  run: string;
  token: number;
}

/** How a write ends that the row refuses. */
export type Fenced = 'fenced';

export function createRows(): Rows {
  const pool = { epoch: 1, phase: 'steady' as const, active: 'a', standby: 'b', run: null, token: 0 };
  return { pool, holds: [], deleted: [], owners: new Map(), proxies: new Map() };
}

export function holdById(rows: Rows, id: number): HoldRow | undefined {
  return rows.holds.find((hold) => hold.id === id);
}

/** Whether the row is still the writer's, in this phase. */
export function isCurrent({ pool }: Rows, pen: Pen, phase: PoolRow['phase'] = pool.phase): boolean {
  return pool.run === pen.run && pool.token === pen.token && pool.phase === phase;
}

export function claimPool(rows: Rows, run: string, takeOverFrom: string | null): void {
  const { pool } = rows;
  if (pool.run === run || (pool.run !== null && pool.run !== takeOverFrom)) return;
  releaseOpenHolds(rows);
  pool.run = run;
  pool.token++;
  pool.epoch++;
}

export function takeToken(rows: Rows, run: string): number | Fenced {
  if (rows.pool.run !== run) return 'fenced';
  releaseOpenHolds(rows);
  return ++rows.pool.token;
}

export function openPool(rows: Rows, pen: Pen): 'done' | Fenced {
  if (transition(rows, pen, 'steady', 'opening') === 'fenced') return 'fenced';
  rows.owners.clear();
  for (const hold of rows.holds) if (hold.state !== 'held') rows.deleted.push(hold);
  rows.holds = rows.holds.filter((hold) => hold.state === 'held');
  return 'done';
}

export function startMoving(rows: Rows, pen: Pen): 'done' | Fenced {
  return transition(rows, pen, 'opening', 'moving');
}

export function swapPool(rows: Rows, pen: Pen): 'done' | Fenced {
  const { pool } = rows;
  if (transition(rows, pen, 'sealed', 'steady') === 'fenced') return 'fenced';
  [pool.active, pool.standby, pool.run] = [pool.standby, pool.active, null];
  return 'done';
}

export function failOverPool({ pool }: Rows, pen: Pen, to: string): 'done' | Fenced {
  if (pool.run !== pen.run || pool.token !== pen.token) return 'fenced';
  if (pool.active === to) return 'done';
  if (pool.phase !== 'steady' || pool.standby !== to) return 'fenced';
  [pool.active, pool.standby] = [pool.standby, pool.active];
  pool.epoch++;
  return 'done';
}

export function releasePool({ pool }: Rows, pen: Pen): 'done' | Fenced {
  if (pool.run !== pen.run || pool.token !== pen.token || pool.phase !== 'steady') return 'fenced';
  pool.run = null;
  pool.epoch++;
  return 'done';
}

export function abandonPool({ pool }: Rows, run: string): boolean {
  if (pool.run !== run || (pool.phase !== 'steady' && pool.phase !== 'opening')) return false;
  pool.phase = 'steady';
  pool.run = null;
  pool.epoch++;
  return true;
}

export function openHold(rows: Rows, pen: Pen, scope: HoldScope, keys: readonly string[]): number | Fenced {
  if (!isCurrent(rows, pen, 'moving')) return 'fenced';
  const id = rows.holds.length + rows.deleted.length + 1;
  rows.holds.push({ id, run: pen.run, token: pen.token, scope, keys: [...keys], state: 'held', moved: [] });
  return id;
}

export interface Commit {
  holdId: number;
  moved: readonly string[];
  acknowledged: ReadonlySet<string>;
  seal: boolean;
}

/** What the commit asks of the rows; a mutant leaves one of them out. */
export interface CommitRules {
  commitComparesRow: boolean;
  everyoneAcknowledges: boolean;
  uncleanEndsAreWaitedFor: boolean;
}

export const COMMIT_RULES: CommitRules = { commitComparesRow: true, everyoneAcknowledges: true, uncleanEndsAreWaitedFor: true };

export function commitHold(
  rows: Rows,
  pen: Pen,
  { holdId, moved, acknowledged, seal }: Commit,
  rules = COMMIT_RULES,
): CommitOutcome | Fenced {
  if (rules.commitComparesRow && !isCurrent(rows, pen, 'moving')) return 'fenced';
  const live = liveIncarnations(rows);
  const refusal = refusalOf(rules.everyoneAcknowledges ? live : [...acknowledged], sinceUncleanEnd(rows, rules), {
    acknowledged,
    requestTimeoutMs: 1,
  });
  if (refusal !== null) return refusal;
  const hold = rows.holds.find(({ id }) => id === holdId);
  if (hold === undefined) return 'released';
  if (rules.commitComparesRow && (hold.state !== 'held' || hold.token !== pen.token)) return 'released';
  hold.state = 'committed';
  hold.moved = [...moved];
  for (const key of moved) rows.owners.set(key, { machine: rows.pool.standby, run: pen.run });
  if (seal) transition(rows, pen, 'moving', 'sealed');
  return 'committed';
}

function releaseOpenHolds({ holds }: Rows): void {
  for (const hold of holds) if (hold.state === 'held') hold.state = 'released';
}

export function releaseHold(rows: Rows, id: number): 'committed' | 'released' {
  const hold = holdById(rows, id);
  if (hold?.state === 'held') hold.state = 'released';
  return hold?.state === 'committed' ? 'committed' : 'released';
}

export function recordStandbyKeys(rows: Rows, run: string, standby: string, keys: readonly string[]): boolean {
  const { pool } = rows;
  if (pool.run !== run || pool.standby !== standby || (pool.phase !== 'opening' && pool.phase !== 'moving')) return false;
  for (const key of keys) rows.owners.set(key, { machine: standby, run });
  return keys.length > 0;
}

export function lookUpOwners(rows: Rows, keys: readonly string[]): Set<string> {
  return new Set(keys.filter((key) => rows.owners.get(key)?.machine === rows.pool.standby));
}

export function standbyKeys(rows: Rows): Set<string> {
  return new Set(rows.owners.keys());
}

export function loadSnapshot(rows: Rows, incarnation: string, knownHolds: readonly number[]): PoolSnapshot {
  const { epoch, phase, active, standby, run } = rows.pool;
  const holds = rows.holds.filter(({ id, state }) => state === 'held' || knownHolds.includes(id));
  const registered = rows.proxies.get(incarnation) === 'no';
  return { epoch, phase, active, standby, run, holds: holds.map(({ token: _, ...hold }) => structuredClone(hold)), registered };
}

export function registerProxy({ proxies }: Rows, incarnation: string): void {
  if (!proxies.has(incarnation)) proxies.set(incarnation, 'no');
}

export function deregisterProxy({ proxies }: Rows, incarnation: string): void {
  proxies.delete(incarnation);
}

export function endProxy({ proxies }: Rows, incarnation: string): boolean {
  if (proxies.get(incarnation) !== 'no') return false;
  proxies.set(incarnation, 'lately');
  return true;
}

export function liveIncarnations({ proxies }: Rows): string[] {
  return [...proxies].filter(([, end]) => end === 'no').map(([incarnation]) => incarnation);
}

/** In units of the request time-out. */
export function sinceUncleanEnd({ proxies }: Rows, rules = COMMIT_RULES): number | null {
  const ends = [...proxies.values()];
  if (ends.every((end) => end === 'no')) return null;
  return rules.uncleanEndsAreWaitedFor && ends.includes('lately') ? 0 : Infinity;
}

function transition({ pool }: Rows, pen: Pen, from: PoolRow['phase'], to: PoolRow['phase']): 'done' | Fenced {
  if (pool.run !== pen.run || pool.token !== pen.token || pool.phase !== from) return 'fenced';
  pool.phase = to;
  pool.epoch++;
  return 'done';
}
