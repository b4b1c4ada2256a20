// The commit point: what may and what may not change the owner of sessions.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { commitHold, openHold, releaseHold, releaseOverdueHolds } from '../../state/hold.js';
import { migrate } from '../../state/migrate.js';
import type { Writer } from '../../state/pool.js';
import { claimPool, ensurePool, openPool, readPool, startMoving, takeToken } from '../../state/pool.js';
import { endProxy, registerProxy } from '../../state/proxy-register.js';
import { lookUpOwners, recordStandbyKeys } from '../../state/session-owner.js';
import { loadSnapshot } from '../../state/snapshot.js';
import { createTestDatabase } from '../fixtures/postgres.js';

let database: Database;
let drop: () => Promise<void>;
let pool: string;
let writer: Writer;

beforeAll(async () => {
  const test = await createTestDatabase();
  await migrate(test.url);
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
  await claimPool(database, pool, 'run-1', null);
  const { token } = await takeToken(database, pool, 'run-1');
  writer = { pool, run: 'run-1', token };
  await openPool(database, writer);
  await startMoving(database, writer);
});

async function addProxy(): Promise<string> {
  const incarnation = randomUUID();
  await registerProxy(database, pool, {
    incarnation,
    name: 'lb',
    adminUrl: 'http://127.0.0.1:1',
    host: 'h',
    pid: 1,
    startTime: '1',
  });
  return incarnation;
}

describe('a batch of sessions', () => {
  it('changes its owner when every registered proxy has acknowledged', async () => {
    const proxies = [await addProxy(), await addProxy()];
    const holdId = await openHold(database, writer, { scope: 'keys', keys: ['k1', 'k2'], deadlineMs: 1000 });
    const outcome = await commitHold(database, writer, {
      holdId,
      moved: ['k1'],
      acknowledged: new Set(proxies),
      seal: false,
      requestTimeoutMs: 0,
    });
    expect(outcome).toBe('committed');
    expect(await lookUpOwners(database, pool, ['k1', 'k2'])).toEqual(new Set(['k1']));
  });

  it('stays where it is when a proxy has registered meanwhile and has not acknowledged', async () => {
    const first = await addProxy();
    const holdId = await openHold(database, writer, { scope: 'keys', keys: ['k1'], deadlineMs: 1000 });
    await addProxy();
    const outcome = await commitHold(database, writer, {
      holdId,
      moved: ['k1'],
      acknowledged: new Set([first]),
      seal: false,
      requestTimeoutMs: 0,
    });
    expect(outcome).toBe('not-acknowledged');
    expect(await lookUpOwners(database, pool, ['k1'])).toEqual(new Set());
  });

  it('stays where it is while there is no proxy at all: nobody knows what the last one has left running', async () => {
    const gone = await addProxy();
    const holdId = await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 1000 });
    await endProxy(database, pool, gone);
    expect(
      await commitHold(database, writer, { holdId, moved: [], acknowledged: new Set([gone]), seal: true, requestTimeoutMs: 0 }),
    ).toBe('not-acknowledged');
    expect(await readPool(database, pool)).toMatchObject({ phase: 'moving' });
  });

  it('needs no acknowledgement of a proxy that was proved dead', async () => {
    const dead = await addProxy();
    const live = await addProxy();
    await endProxy(database, pool, dead);
    const holdId = await openHold(database, writer, { scope: 'keys', keys: ['k1'], deadlineMs: 1000 });
    expect(
      await commitHold(database, writer, {
        holdId,
        moved: ['k1'],
        acknowledged: new Set([live]),
        seal: false,
        requestTimeoutMs: 0,
      }),
    ).toBe('committed');
  });

  it('stays where it is when the hold was let go first', async () => {
    const acknowledged = new Set([await addProxy()]);
    const holdId = await openHold(database, writer, { scope: 'keys', keys: ['k1'], deadlineMs: 1000 });
    await releaseHold(database, holdId);
    expect(await commitHold(database, writer, { holdId, moved: ['k1'], acknowledged, seal: false, requestTimeoutMs: 0 })).toBe(
      'released',
    );
    expect(await lookUpOwners(database, pool, ['k1'])).toEqual(new Set());
  });

  it('stays with the standby once committed, whoever lets the hold go later', async () => {
    const acknowledged = new Set([await addProxy()]);
    const holdId = await openHold(database, writer, { scope: 'keys', keys: ['k1'], deadlineMs: 0 });
    await commitHold(database, writer, { holdId, moved: ['k1'], acknowledged, seal: false, requestTimeoutMs: 0 });
    await releaseHold(database, holdId);
    await releaseOverdueHolds(database, pool);
    const { holds } = await loadSnapshot(database, { pool, incarnation: randomUUID() }, [holdId]);
    expect(holds).toEqual([expect.objectContaining({ id: holdId, state: 'committed', moved: ['k1'] })]);
  });

  it('is let go by anyone only after its deadline', async () => {
    const early = await openHold(database, writer, { scope: 'keys', keys: ['k1'], deadlineMs: 60_000 });
    const late = await openHold(database, writer, { scope: 'keys', keys: ['k2'], deadlineMs: 0 });
    await releaseOverdueHolds(database, pool);
    const { holds } = await loadSnapshot(database, { pool, incarnation: randomUUID() }, [early, late]);
    expect(new Map(holds.map((hold) => [hold.id, hold.state]))).toEqual(
      new Map([
        [early, 'held'],
        [late, 'released'],
      ]),
    );
  });

  it('cannot be opened or committed by an earlier attempt', async () => {
    const holdId = await openHold(database, writer, { scope: 'keys', keys: ['k1'], deadlineMs: 1000 });
    await takeToken(database, pool, 'run-1');
    await expect(openHold(database, writer, { scope: 'keys', keys: ['k2'], deadlineMs: 1000 })).rejects.toMatchObject({
      code: 'FENCED',
    });
    await expect(
      commitHold(database, writer, { holdId, moved: ['k1'], acknowledged: new Set(), seal: false, requestTimeoutMs: 0 }),
    ).rejects.toMatchObject({
      code: 'FENCED',
    });
    expect(await lookUpOwners(database, pool, ['k1'])).toEqual(new Set());
  });

  it('that is the last one seals the pool in the same transaction', async () => {
    const acknowledged = new Set([await addProxy()]);
    const { epoch } = await readPool(database, pool);
    const holdId = await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 1000 });
    await commitHold(database, writer, { holdId, moved: [], acknowledged, seal: true, requestTimeoutMs: 0 });
    expect(await readPool(database, pool)).toMatchObject({ phase: 'sealed', epoch: epoch + 1 });
  });
});

describe('an id that the standby sets', () => {
  it('is recorded while the pool moves under the same run', async () => {
    expect(await recordStandbyKeys(database, pool, 'run-1', 'b', ['n1'])).toBe(true);
    expect(await lookUpOwners(database, pool, ['n1'])).toEqual(new Set(['n1']));
  });

  it('is refused once another run or direction holds', async () => {
    expect(await recordStandbyKeys(database, pool, 'run-0', 'b', ['n1'])).toBe(false);
    expect(await recordStandbyKeys(database, pool, 'run-1', 'a', ['n1'])).toBe(false);
    expect(await lookUpOwners(database, pool, ['n1'])).toEqual(new Set());
  });
});
