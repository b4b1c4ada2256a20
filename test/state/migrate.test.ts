import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../state/migrate.js';
import { createTestDatabase } from '../fixtures/postgres.js';
import { startRelay } from '../fixtures/relay.js';

const WAITING = "select pid from pg_stat_activity where wait_event = 'advisory' and datname = current_database()";

/** A database whose migrations somebody else is at; `waiting` resolves with the session of who waits for that. */
async function whileOthersMigrate(): Promise<{ url: string; other: pg.Client; waiting: () => Promise<number> }> {
  const { url, drop } = await createTestDatabase();
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  onTestFinished(async () => {
    await other.end();
    await drop();
  });
  await other.query("select pg_advisory_lock(hashtext('vm-rejuv migrations'))");
  const pid = async (): Promise<number | undefined> => (await other.query<{ pid: number }>(WAITING)).rows[0]?.pid;
  const waiting = async (): Promise<number> => {
    await expect.poll(pid, { timeout: 30_000 }).toBeDefined();
    return (await pid()) ?? 0;
  };
  return { url, other, waiting };
}

test('whoever waits too long for another process that migrates is told so', async () => {
  const { url } = await whileOthersMigrate();

  await expect(migrate(url, { lockTimeoutMs: 50 })).rejects.toMatchObject({
    ...{ code: 'DATABASE_UNREACHABLE', retryable: true, message: expect.stringContaining('Another process migrates') as string },
  });
});

test('a server that ends the session is one that does not answer', async () => {
  const { url, other, waiting } = await whileOthersMigrate();
  const ended = expect(migrate(url)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', retryable: true });

  await other.query('select pg_terminate_backend($1)', [await waiting()]);

  await ended;
});

test('a connection that breaks is a server that does not answer, and does not end the process', async () => {
  const { url, waiting } = await whileOthersMigrate();
  const relayed = new URL(url);
  const relay = await startRelay(relayed.host);
  relayed.host = relay.address;
  const ended = expect(migrate(relayed.href)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', retryable: true });
  await waiting();

  relay.cut();

  await ended;
});
