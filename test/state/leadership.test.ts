import { expect, onTestFinished, test } from 'vitest';
import { Leadership } from '../../state/leadership.js';
import { openDatabase } from '../../state/database.js';
import { createTestDatabase } from '../fixtures/postgres.js';

async function candidates(...what: string[]): Promise<{ url: string; all: Leadership[] }> {
  const database = await createTestDatabase();
  const all = what.map((name) => new Leadership(database.url, name));
  onTestFinished(async () => {
    await Promise.all(all.map((one) => one.resign()));
    await database.drop();
  });
  return { url: database.url, all };
}

test('one of two leads until it resigns, and then the other', async () => {
  const { all } = await candidates('monitor of shop', 'monitor of shop', 'monitor of blog');
  const [one, two, blog] = all as [Leadership, Leadership, Leadership];

  expect(await one.leads()).toBe(true);
  expect(await two.leads()).toBe(false);
  expect(await blog.leads()).toBe(true);
  expect(await one.leads()).toBe(true);
  await one.resign();

  expect(await two.leads()).toBe(true);
  expect(await one.leads()).toBe(false);
});

test('who has lost its connection does not know, and has to win again', async () => {
  const { url, all } = await candidates('monitor of shop', 'monitor of shop');
  const [one, two] = all as [Leadership, Leadership];
  expect(await one.leads()).toBe(true);

  const database = openDatabase(url);
  // Of this database alone: other tests hold such locks on the same server.
  await database.query(
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  );
  await database.end();

  await expect.poll(() => two.leads()).toBe(true);
  await expect(one.leads()).rejects.toThrow();
  expect(await one.leads()).toBe(false);
});
