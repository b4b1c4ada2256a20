import { expect, test } from 'vitest';
import { endedRuns, endingOf } from '../../chaos/outcome.js';
import type { Database } from '../../state/database.js';
import { migrate } from '../../state/migrate.js';
import { ensurePool } from '../../state/pool.js';
import { openTestDatabase } from '../fixtures/postgres.js';

async function store(): Promise<Database> {
  const { url, database } = await openTestDatabase();
  await migrate(url);
  await ensurePool(database, { name: 'shop', machines: [{ name: 'a' }, { name: 'b' }] });
  return database;
}

async function leave(database: Database, run: string, left: { result?: object; failure?: object }): Promise<void> {
  const { result = null, failure = null } = left;
  await database.query("insert into restart_result (run, pool, result, failure) values ($1, 'shop', $2, $3)", [
    run,
    result,
    failure,
  ]);
}

test('what an earlier run has left says nothing of a run that left nothing', async () => {
  const database = await store();
  await leave(database, 'clean-restart/shop/1', { failure: { code: 'ABORTED' } });
  const before = await endedRuns(database, 'shop');
  expect(await endingOf(database, 'shop', 'clean-restart/shop/2', before)).toEqual({
    outcome: 'given back (never claimed)',
    swaps: 0,
  });
});

test('a run is told by its own row, also when another one comes after it', async () => {
  const database = await store();
  await leave(database, 'clean-restart/shop/1', { failure: { code: 'ABORTED' } });
  await leave(database, 'clean-restart/shop/2', { result: {} });
  expect(await endingOf(database, 'shop', 'clean-restart/shop/1', [])).toEqual({ outcome: 'given back (ABORTED)', swaps: 1 });
  expect(await endingOf(database, 'shop', 'clean-restart/shop/2', [])).toEqual({ outcome: 'finished', swaps: 1 });
});

test('a run that was terminated is finished by another one', async () => {
  const database = await store();
  await leave(database, 'clean-restart/shop/2', { result: {} });
  expect(await endingOf(database, 'shop', 'clean-restart/shop/1', [])).toEqual({
    outcome: 'finished by another run',
    swaps: 1,
  });
});
