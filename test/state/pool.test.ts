// The pool's row: one run at a time, and no step out of order.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { commitHold, openHold } from '../../state/hold.js';
import { migrate } from '../../state/migrate.js';
import type { Writer } from '../../state/pool.js';
import {
  abandonPool,
  latestFailure,
  latestResult,
  claimPool,
  ensurePool,
  openPool,
  readPool,
  readResult,
  startMoving,
  swapPool,
  takeToken,
} from '../../state/pool.js';
import { registerProxy } from '../../state/proxy-register.js';
import { lookUpOwners, recordStandbyKeys } from '../../state/session-owner.js';
import { loadSnapshot } from '../../state/snapshot.js';
import { createTestDatabase } from '../fixtures/postgres.js';

let database: Database;
let drop: () => Promise<void>;
const WHY = { code: 'NO_PROXY', message: 'No proxy.' };
let pool: string;

beforeAll(async () => {
  const test = await createTestDatabase();
  // Two processes that start at once must not disturb each other.
  await Promise.all([migrate(test.url), migrate(test.url)]);
  database = openDatabase(test.url);
  drop = test.drop;
});

afterAll(async () => {
  await database.end();
  await drop();
});

beforeEach(async () => {
  pool = `pool-${randomUUID()}`;
  await ensurePool(database, { name: pool, machines: [{ name: 'a' }, { name: 'b' }] });
});

async function claim(run: string): Promise<Writer> {
  const row = await claimPool(database, pool, run, null);
  return { pool, run, token: row.token };
}

/** A commit needs a proxy that has acknowledged. */
async function addProxy(): Promise<Set<string>> {
  const incarnation = randomUUID();
  const process = { host: 'h', pid: 1, startTime: '1' };
  await registerProxy(database, pool, { incarnation, name: 'lb', adminUrl: 'http://127.0.0.1:1', ...process });
  return new Set([incarnation]);
}

it('keeps its roles when the configuration is applied again', async () => {
  expect(await ensurePool(database, { name: pool, machines: [{ name: 'b' }, { name: 'a' }] })).toMatchObject({
    active: 'a',
    standby: 'b',
    phase: 'steady',
    run: null,
  });
});

it('is held by one run at a time', async () => {
  const rows = await Promise.all(['run-1', 'run-2', 'run-3'].map((run) => claimPool(database, pool, run, null)));
  expect(new Set(rows.map((row) => row.run)).size).toBe(1);
});

it('is taken over only from the run that was named, and lets that run go of its holds', async () => {
  const writer = await claim('run-1');
  await openPool(database, writer);
  await startMoving(database, writer);
  const holdId = await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  expect((await claimPool(database, pool, 'run-2', 'run-0')).run).toBe('run-1');
  const { epoch } = await readPool(database, pool);
  expect(await claimPool(database, pool, 'run-2', 'run-1')).toMatchObject({ run: 'run-2', phase: 'moving', epoch: epoch + 1 });
  expect((await loadSnapshot(database, { pool, incarnation: randomUUID() }, [holdId])).holds[0]).toMatchObject({
    state: 'released',
  });
  await expect(openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 1 })).rejects.toMatchObject({ code: 'FENCED' });
});

it('takes no step out of order', async () => {
  const writer = await claim('run-1');
  await expect(startMoving(database, writer)).rejects.toMatchObject({ code: 'FENCED' });
  await expect(swapPool(database, writer, {})).rejects.toMatchObject({ code: 'FENCED' });
  await openPool(database, writer);
  await expect(openPool(database, writer)).rejects.toMatchObject({ code: 'FENCED' });
});

it('goes back as it was before the point of no return, and not after it', async () => {
  const writer = await claim('given-back');
  await openPool(database, writer);
  expect(await abandonPool(database, pool, 'given-back', WHY)).toBe(true);
  expect(await readPool(database, pool)).toMatchObject({ phase: 'steady', active: 'a', run: null });
  expect(await latestFailure(database, pool)).toMatchObject({ failure: WHY });
  expect(await latestResult(database, pool)).toBeNull();
  const again = await claim('run-2');
  await openPool(database, again);
  await startMoving(database, again);
  expect(await abandonPool(database, pool, 'run-2', WHY)).toBe(false);
});

it('swaps its roles, keeps the result and is free again', async () => {
  const writer = await claim('run-1');
  await openPool(database, writer);
  await startMoving(database, writer);
  const holdId = await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 1000 });
  await commitHold(database, writer, { holdId, moved: ['k'], acknowledged: await addProxy(), seal: true, requestTimeoutMs: 0 });
  expect(await swapPool(database, writer, { sessionsMoved: 1 })).toMatchObject({
    active: 'b',
    standby: 'a',
    phase: 'steady',
    run: null,
  });
  expect(await readResult(database, 'run-1')).toEqual({ sessionsMoved: 1 });
  expect(await latestResult(database, pool)).toMatchObject({ result: { sessionsMoved: 1 } });
  expect(await latestFailure(database, pool)).toBeNull();
});

it('forgets the owners of the last run when the next one opens', async () => {
  const writer = await claim(`${pool}-1`);
  await openPool(database, writer);
  await startMoving(database, writer);
  await recordStandbyKeys(database, pool, `${pool}-1`, 'b', ['k']);
  const holdId = await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 1000 });
  await commitHold(database, writer, { holdId, moved: [], acknowledged: await addProxy(), seal: true, requestTimeoutMs: 0 });
  await swapPool(database, writer, {});
  const next = await claim(`${pool}-2`);
  await openPool(database, next);
  expect(await lookUpOwners(database, pool, ['k'])).toEqual(new Set());
});

it('refuses the token of an earlier attempt', async () => {
  const writer = await claim('run-1');
  await takeToken(database, pool, 'run-1');
  await expect(openPool(database, writer)).rejects.toMatchObject({ code: 'FENCED', retryable: true });
});

it('lets go what an earlier attempt holds as soon as there is a later one', async () => {
  const writer = await claim('run-1');
  await openPool(database, writer);
  await startMoving(database, writer);
  const holdId = await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  await takeToken(database, pool, 'run-1');
  expect((await loadSnapshot(database, { pool, incarnation: randomUUID() }, [holdId])).holds).toMatchObject([
    { id: holdId, state: 'released' },
  ]);
});

it('gives no token to a run that has not the pool, however often it asks', async () => {
  await claim('run-1');
  await expect(takeToken(database, pool, 'run-2')).rejects.toMatchObject({ code: 'FENCED', retryable: false });
});
