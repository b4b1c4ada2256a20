import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MachinePair, MechanismCall } from '../../activities/sessions/mechanism.js';
import { createLiberty } from '../../activities/sessions/servers/liberty.js';
import type { SharingServer } from '../../activities/sessions/sharing-server.js';
import type { LibertyConfig, PoolConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { provideLiberty } from '../fixtures/servers/liberty-kit.js';
import { libertyShop } from '../fixtures/servers/liberty.js';
import { conforms } from './conformance.js';
import { flipNew } from './flips.js';

const call: MechanismCall = { signal: AbortSignal.timeout(600_000), guard: () => Promise.resolve() };
/** Three times settleMs: time alone does not do. */
const SLOW_WRITE_S = 0.3;
const FLIPS = 20;
/** The server saves contents later than it has answered by this; reading is as quick as ever. */
const SLOW_WRITES = `create function slowly() returns trigger language plpgsql as
    $$ begin perform pg_sleep(${SLOW_WRITE_S}); return null; end $$;
  create trigger slowly before update of small, medium, large on sessions for each statement execute function slowly()`;

conforms({
  name: 'liberty',
  mechanism: 'liberty, sessionDatabase-1.0 in PostgreSQL',
  shop: (directory, databaseUrl) => libertyShop(directory, databaseUrl),
});

test(
  'sessions written late are waited for, and each mistake of a live server is refused by what to change',
  { timeout: 600_000 },
  async () => {
    const { installation } = await createTestInstallation((directory, url) => libertyShop(directory, url));
    await installation.bootMachines();
    const { pool } = installation;
    const config = pool.sessions as LibertyConfig;
    const [primary, standby] = pool.machines;
    const pair: MachinePair = { primary, standby };
    const preflight = (change: Partial<LibertyConfig> = {}): Promise<void> =>
      preflightOf({ ...pool, sessions: { ...config, ...change } }, pair);

    await preflight();
    await refusesWrongConfigurations(preflight, config);

    await inDatabase(config, SLOW_WRITES);
    const barrier = createLiberty(pool, config);
    onTestFinished(() => barrier.close());
    const ready = (): Promise<void> => sleep(2 * SLOW_WRITE_S * 1000);
    const flips = (between: () => Promise<unknown>): Promise<number> => flipNew(pool, FLIPS, { ready, between });
    const without = await flips(() => Promise.resolve());
    // What any server gets that nobody can ask.
    const byTime = await flips(() => sleep(config.settleMs));
    const named = await flips(() => barrier.saved(pair, ['key'], call));
    const all = await flips(async () => expect(await barrier.allSaved(pair, performance.now() + 10_000, call)).toBe(true));
    console.log(JSON.stringify({ flips: FLIPS, stale: { without, byTime, named, all } }));
    expect(without).toBeGreaterThan(0);
    expect(byTime).toBeGreaterThan(0);
    expect({ named, all }).toEqual({ named: 0, all: 0 });
    await countsRunning(barrier, pair);

    await inDatabase(config, 'drop trigger slowly on sessions');
    await refusesWrongServers(join(installation.directory, standby.name, 'servers', 'shop'), preflight);
  },
);

async function preflightOf(pool: PoolConfig, pair: MachinePair): Promise<void> {
  const mechanism = createMechanism(pool, createSessionKeyHash('test'));
  await mechanism.preflight(pair, () => Promise.resolve(new Set()), call).finally(() => mechanism.close());
}

async function refusesWrongConfigurations(
  preflight: (change: Partial<LibertyConfig>) => Promise<void>,
  config: LibertyConfig,
): Promise<void> {
  const { metrics, database } = config;
  const refused = async (change: Partial<LibertyConfig>, code: string, says: RegExp): Promise<void> => {
    await expect(preflight(change)).rejects.toMatchObject({ code, message: expect.stringMatching(says) as string });
  };
  await refused(
    { metrics: { ...metrics, login: { user: 'vm-rejuv', password: 'wrong' } } },
    'LIBERTY_METRICS_PASSWORD',
    /vm-rejuv.* 401/,
  );
  await refused({ metrics: { ...metrics, caFile: null } }, 'LIBERTY_UNTRUSTED', /certificate of machine shop-a/);
  const plain = metrics.url.replace('https', 'http').replace('9443', '9080');
  await refused({ metrics: { ...metrics, url: plain } }, 'LIBERTY_METRICS_FAILED', /answers 302.* https/);
  await refused({ contexts: ['/other'] }, 'SESSIONS_NOT_MOVABLE', /sessions that nothing names in vm-rejuv\.yaml.*: \/shop \(/);
  await refused({ virtualHost: 'other' }, 'SESSIONS_NOT_MOVABLE', /: \/\/default_host_shop \(/);
  await refused(
    { contexts: ['/other'], loseContexts: ['/shop'] },
    'SESSIONS_NOT_MOVABLE',
    /\/shop\/cart of sessions\.canary is in none of \/other/,
  );
  await refused(
    { virtualHost: 'other', loseContexts: ['//default_host_shop'] },
    'SESSIONS_NOT_MOVABLE',
    /sessions in use of other_shop/,
  );
  // What another application counts says nothing of the canary's.
  await refused({ contexts: ['/shop', '/shop/cart'] }, 'SESSIONS_NOT_MOVABLE', /sessions in use of default_host_shop_cart/);
  await refused({ canary: { path: '/shop/health' } }, 'SESSIONS_NOT_MOVABLE', /sets no session id/);
  if (database === null) throw new Error('The example names no database.');
  await refused(
    { database: { ...database, table: 'elsewhere' } },
    'SESSIONS_NOT_MOVABLE',
    /cannot read the session table elsewhere/,
  );
}

async function inDatabase({ database }: LibertyConfig, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: database?.url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A request whose client has gone is none that the seal may leave behind. */
async function countsRunning(barrier: SharingServer, pair: MachinePair): Promise<void> {
  const leaving = new AbortController();
  const request = fetch(`${pair.primary.url}/shop/slow?ms=3000`, { signal: leaving.signal }).catch(() => undefined);
  await sleep(500);
  leaving.abort();
  await request;
  expect(await barrier.allSaved(pair, performance.now() + 500, call)).toBe(false);
  expect(await barrier.allSaved(pair, performance.now() + 30_000, call)).toBe(true);
}

/** Liberty takes up what is written into its configuration while it runs. */
async function refusesWrongServers(server: string, preflight: (change?: Partial<LibertyConfig>) => Promise<void>): Promise<void> {
  const file = join(server, 'server.xml');
  const good = await readFile(file, 'utf8');
  const seen = (change: Partial<LibertyConfig> = {}): Promise<string> =>
    preflight(change).then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
  const { ltpaKeys, otherLtpaKeys } = await provideLiberty();
  const ltpa = (keys: string): string => good.replace('keysFileName="${ltpa.keys}"', `keysFileName="${keys}"`);
  const session = (attributes: string): string => good.replace('<httpSession ', `<httpSession ${attributes} `);
  const local = good.replace('<feature>sessionDatabase-1.0</feature>', '').replace(/<httpSessionDatabase[^]*?\/>/, '');
  const mistakes: [string, RegExp][] = [
    [session('cookiePath="/shop"'), /cookies of machines shop-a and shop-b differ.*path=\/shop/],
    [session('cookieName="OTHERID"'), /shop-b sets no session id in JSESSIONID/],
    [session('cloneSeparator="+"'), /shop-b does not mark its session ids/],
    [ltpa(otherLtpaKeys), /shop-b does not accept a log-in of machine shop-a/],
    [
      good.replace('<feature>mpMetrics-5.1</feature>', ''),
      /metrics of machine shop-b answers 404|shop-b does not answer \/metrics/,
    ],
    [good.replace('END_OF_SERVLET_SERVICE', 'TIME_BASED_WRITE'), /shop-b has begun is in the table sessions, without/],
    [local, /shop-b has begun is not in the table sessions/],
  ];
  for (const [xml, says] of mistakes) {
    expect(xml).not.toBe(good);
    await writeFile(file, xml);
    await expect.poll(() => seen(), { interval: 500 }).toMatch(says);
    // What has lost its store while it ran may also fail on the sessions of others.
    if (xml === local) expect(await seen({ database: null })).toMatch(/shop-b (did not find the session|answered 500)/);
    await writeFile(file, ltpa(ltpaKeys));
    await expect.poll(() => seen(), { interval: 500 }).toBe('accepted');
  }
}
