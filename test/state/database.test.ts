import { expect, it, onTestFinished } from 'vitest';
import type { Database } from '../../state/database.js';
import { inTransaction, openDatabase } from '../../state/database.js';
import { openTestDatabase } from '../fixtures/postgres.js';

async function open(): Promise<Database> {
  const { database } = await openTestDatabase();
  await database.query('create table thing (one int); insert into thing values (1)');
  return database;
}

it('takes the locks from who stops in the middle of a transaction, as a frozen process does, and says so to him', async () => {
  const database = await open();
  let hasWaited = false;
  const stopped = inTransaction(database, async (client) => {
    await client.query('update thing set one = 2');
    // Somebody else, who waits for the lock.
    await database.query('update thing set one = one + 10');
    hasWaited = true;
    await client.query('update thing set one = 3');
  });

  await expect(stopped).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', retryable: true });
  expect(hasWaited).toBe(true);
  expect((await database.query('select one from thing')).rows).toEqual([{ one: 11 }]);
});

it('says which database cannot be reached, and blames it for no error of another', async () => {
  const database = await open();
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:8080'), { code: 'ECONNREFUSED' });
  await expect(inTransaction(database, () => Promise.reject(refused))).rejects.toBe(refused);

  const nobody = openDatabase('postgres://127.0.0.1:1/x', { named: 'pools.*.sessions.store.url' });
  onTestFinished(() => nobody.end());
  await expect(nobody.query('select 1')).rejects.toMatchObject({
    ...{ code: 'DATABASE_UNREACHABLE', remedy: expect.stringContaining('pools.*.sessions.store.url') as string },
  });
});
