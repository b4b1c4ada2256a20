// The model's rows do what PostgreSQL does, operation by operation.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { migrate } from '../../state/migrate.js';
import { createTestDatabase } from '../fixtures/postgres.js';
import type { RowFunctions } from './rows-check.js';
import { rowsProperty } from './rows-check.js';
import * as rows from './rows.js';

let database: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  const created = await createTestDatabase();
  await migrate(created.url);
  database = openDatabase(created.url);
  drop = created.drop;
});

afterAll(async () => {
  await database.end();
  await drop();
});

test('whatever is done to them, the rows of the model and of PostgreSQL say the same', async () => {
  await fc.assert(rowsProperty(database, rows), { numRuns: 60 });
});

const lax = (rule: keyof rows.CommitRules): Partial<RowFunctions> => ({
  commitHold: (all, pen, commit) => rows.commitHold(all, pen, commit, { ...rows.COMMIT_RULES, [rule]: false }),
});

/** Each differs from SQL in one thing. The same property must find it out. */
const MUTANTS: Record<string, Partial<RowFunctions>> = {
  'a commit does not compare the row': lax('commitComparesRow'),
  'a commit does not ask who has acknowledged': lax('everyoneAcknowledges'),
  'a commit does not wait after an unclean end': lax('uncleanEndsAreWaitedFor'),
  'a take-over leaves holds open': {
    claimPool: (all, run, from) => {
      const open = all.holds.filter(({ state }) => state === 'held');
      rows.claimPool(all, run, from);
      for (const hold of open) hold.state = 'held';
    },
  },
  'a later attempt leaves holds open': {
    takeToken: (all, run) => {
      const open = all.holds.filter(({ state }) => state === 'held');
      const token = rows.takeToken(all, run);
      for (const hold of open) hold.state = 'held';
      return token;
    },
  },
  'opening keeps the owners': {
    openPool: (all, pen) => {
      const owners = new Map(all.owners);
      const outcome = rows.openPool(all, pen);
      all.owners = owners;
      return outcome;
    },
  },
  'a fail-over swaps the roles back': {
    failOverPool: (all, pen, to) => {
      const { active, standby } = all.pool;
      const outcome = rows.failOverPool(all, pen, to);
      if (outcome === 'done' && active === to) Object.assign(all.pool, { active: standby, standby: active });
      return outcome;
    },
  },
  'who was overtaken frees the pool': {
    releasePool: (all, pen) => rows.releasePool(all, { ...pen, token: all.pool.token }),
  },
  'an ended hold is released after all': {
    releaseHold: (all, id) => {
      const hold = rows.holdById(all, id);
      if (hold !== undefined) hold.state = 'released';
      return 'released';
    },
  },
  'ids are recorded in every phase': {
    recordStandbyKeys: (all, run, standby, keys) => {
      for (const key of keys) all.owners.set(key, { machine: standby, run });
      return keys.length > 0;
    },
  },
};

/** Fixed: this tests the comparison, which shall not depend on luck. Where the usual one takes long, another. */
const SEED = 3;
const SEEDS: Partial<Record<string, number>> = { 'a commit does not wait after an unclean end': 5 };

test.each(Object.entries(MUTANTS))('the comparison sees when %s', async (name, mutant) => {
  const seed = SEEDS[name] ?? SEED;
  const found = await fc.check(rowsProperty(database, { ...rows, ...mutant }), { numRuns: 300, seed, endOnFailure: true });

  expect(found.failed).toBe(true);
});
