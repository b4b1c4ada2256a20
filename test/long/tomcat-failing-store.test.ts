// What becomes of sessions when their database refuses to write them.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { JmxProxy } from '../../activities/sessions/jmx-proxy.js';
import { SessionRows } from '../../activities/sessions/session-rows.js';
import type { MechanismCall } from '../../activities/sessions/mechanism.js';
import { swapOutBackedUp, swapOutDirectly } from '../../activities/sessions/swap-out.js';
import type { Side, SwapOut } from '../../activities/sessions/tomcat-lane.js';
import { TomcatManager } from '../../activities/sessions/tomcat-manager.js';
import type { IdleSessions } from '../../demo/load/idle-sessions.js';
import { makeIdleSessions } from '../../demo/load/idle-sessions.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { openDatabase } from '../../state/database.js';
import { createTestInstallation } from '../fixtures/installation.js';

const SESSIONS = 20;
const call: MechanismCall = { signal: AbortSignal.timeout(120_000), guard: () => Promise.resolve() };
const { signal } = call;
const EVERYTHING = { limit: Infinity, endsAt: Infinity, force: false };

/** A Tomcat whose session table can be made to refuse what is written to it. */
async function startTomcat(): Promise<{
  side: Side<SessionRows>;
  makeSessions: () => Promise<IdleSessions>;
  refuseWrites: (refuse: boolean) => Promise<void>;
}> {
  const { installation } = await createTestInstallation((directory, sessionsUrl) => tomcatShop(directory, { sessionsUrl }));
  const { sessions, machines } = installation.pool;
  if (sessions.mechanism !== 'tomcat-swap' || sessions.store.type !== 'data-source') throw new Error('Not that shop.');
  const [machine] = machines;
  await installation.bootMachines(machine.name);
  const database = openDatabase(sessions.store.url);
  const jmx = new JmxProxy(machine, sessions.manager);
  onTestFinished(async () => {
    await jmx.close();
    await database.end();
  });
  await database.query(
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'The disk is full.'; end $$;
     create trigger refuse before insert on ${machine.sessionTable} for each row execute function refuse();
     alter table ${machine.sessionTable} disable trigger refuse`,
  );
  const manager = new TomcatManager(jmx, '/shop', 'localhost');
  await manager.begin(signal);
  return {
    side: {
      machine,
      manager,
      store: new SessionRows(database, sessions.store, machine, '/shop', 'localhost'),
      sessionCookies: ['JSESSIONID'],
    },
    makeSessions: () => makeIdleSessions(machine.url, SESSIONS),
    refuseWrites: async (refuse) => {
      const client = new pg.Client({ connectionString: installation.env['SESSIONS_DATABASE_URL'] });
      await client.connect();
      await client.query(`alter table ${machine.sessionTable} ${refuse ? 'enable' : 'disable'} trigger refuse`);
      await client.end();
    },
  };
}

/** Longer than a session has to rest before a pass takes it. */
const RESTING_MS = 9000;

/** Runs one pass; resolves with what is in memory afterwards. */
async function runPass(side: Side<SessionRows>, swapOut: SwapOut, kind: 'idle' | 'held'): Promise<string[]> {
  const ids = await side.manager.sessionIds(signal);
  await (kind === 'idle' ? swapOut.idle(call, 1) : swapOut.held(ids, EVERYTHING, call));
  return side.manager.sessionIds(signal);
}

/** Runs the passes of a clean restart for as long as idle sessions need to be taken by one. */
async function runPasses(side: Side<SessionRows>, swapOut: SwapOut): Promise<string[]> {
  for (const end = performance.now() + RESTING_MS; performance.now() < end; await sleep(500)) {
    await runPass(side, swapOut, 'idle');
  }
  return runPass(side, swapOut, 'held');
}

test('resting sessions leave memory for the store while nothing is held, and are found there', async () => {
  const { side, makeSessions } = await startTomcat();
  const sessions = await makeSessions();
  const swapOut = swapOutBackedUp(side);

  await expect.poll(() => runPass(side, swapOut, 'idle'), { timeout: 30_000, interval: 500 }).toEqual([]);

  expect(await sessions.verify()).toBe(0);
});

test('sessions stay in memory while their database refuses to write them', async () => {
  const { side, makeSessions, refuseWrites } = await startTomcat();
  const sessions = await makeSessions();
  await refuseWrites(true);

  expect(await runPasses(side, swapOutBackedUp(side))).toHaveLength(SESSIONS);

  await refuseWrites(false);
  expect(await sessions.verify()).toBe(0);
});

test('sessions survive when their database begins to refuse between backup and swap', async () => {
  const { side, makeSessions, refuseWrites } = await startTomcat();
  const sessions = await makeSessions();
  await side.manager.backUp(0, signal);
  await refuseWrites(true);

  expect(await runPass(side, swapOutBackedUp(side), 'held')).toEqual([]);

  await refuseWrites(false);
  expect(await sessions.verify()).toBe(0);
});

test('a session whose backup was refused once is written by a later one, without a user coming back', async () => {
  const { side, makeSessions, refuseWrites } = await startTomcat();
  const sessions = await makeSessions();
  await refuseWrites(true);
  await side.manager.backUp(0, signal);
  await refuseWrites(false);
  const swapOut = swapOutBackedUp(side);

  await expect.poll(() => runPass(side, swapOut, 'held'), { timeout: 30_000, interval: 100 }).toEqual([]);

  expect(await sessions.verify()).toBe(0);
});

test('without the backup all of them would be lost', async () => {
  const { side, makeSessions, refuseWrites } = await startTomcat();
  const sessions = await makeSessions();
  await refuseWrites(true);

  await runPass(side, swapOutDirectly(side), 'held');

  await refuseWrites(false);
  expect(await sessions.verify()).toBe(SESSIONS);
});
