import { expect, test } from 'vitest';
import { monitorSchema } from '../../config/monitor-schema.js';
import type { PoolConfig } from '../../config/types.js';
import { ActiveMachine } from '../../monitor/active-machine.js';
import type { Database } from '../../state/database.js';
import { migrate } from '../../state/migrate.js';
import { claimPool, ensurePool, openPool, startMoving } from '../../state/pool.js';
import { openTestDatabase } from '../fixtures/postgres.js';

const RUN = 'clean-restart/shop/1';

interface Looked {
  database: Database;
  world: { run: 'open' | 'closed' | 'untold' };
  /** Of Temporal, whether the run goes on. */
  asked: string[];
  /** Whom one look has found to watch. */
  watched: (isThorough?: boolean) => Promise<string | null>;
}

async function looked(): Promise<Looked> {
  const { url, database } = await openTestDatabase();
  await migrate(url);
  const machines = [{ name: 'a' }, { name: 'b' }] as unknown as PoolConfig['machines'];
  const pool = { name: 'shop', machines, monitor: monitorSchema.parse({}) } as PoolConfig;
  await ensurePool(database, pool);
  const world: Looked['world'] = { run: 'open' };
  const asked: string[] = [];
  const active = new ActiveMachine({
    ...{ pool, database, now: Date.now, booted: () => undefined, tell: () => undefined },
    driver: { status: () => Promise.resolve({ power: 'on', incarnation: 'boot-1' }) },
    isRunOpen: (run) => {
      asked.push(run);
      return world.run === 'untold' ? Promise.reject(new Error('Temporal is away.')) : Promise.resolve(world.run === 'open');
    },
  });
  return {
    ...{ database, world, asked },
    async watched(isThorough = false) {
      await active.look(isThorough, new AbortController().signal);
      return active.watched?.name ?? null;
    },
  };
}

test('a pool that an ended restart has left before anything moved is watched, and one that goes on, or of which nobody tells, is not', async () => {
  const { database, world, asked, watched } = await looked();
  expect(await watched()).toBe('a');
  const { token } = await claimPool(database, 'shop', RUN, null);
  const writer = { pool: 'shop', run: RUN, token };
  await openPool(database, writer);

  expect(await watched()).toBeNull();
  world.run = 'untold';
  expect(await watched()).toBeNull();
  world.run = 'closed';
  expect(await watched()).toBe('a');

  asked.length = 0;
  for (let look = 0; look < 20; look++) expect(await watched()).toBe('a');
  expect(asked).toEqual([]);
  world.run = 'open';
  expect(await watched(true)).toBeNull();

  // Another restart takes it up, and is asked about by itself.
  world.run = 'closed';
  expect(await watched()).toBe('a');
  await claimPool(database, 'shop', 'clean-restart/shop/2', RUN);
  world.run = 'open';
  expect(await watched()).toBeNull();
});

test('a pool whose sessions are on both machines is not watched, though nobody moves them any more', async () => {
  const { database, world, watched } = await looked();
  const { token } = await claimPool(database, 'shop', RUN, null);
  const writer = { pool: 'shop', run: RUN, token };
  await openPool(database, writer);
  await startMoving(database, writer);
  world.run = 'closed';

  expect(await watched()).toBeNull();
});
