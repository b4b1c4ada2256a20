import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MechanismCall } from '../../activities/sessions/mechanism.js';
import type { MachineConfig, SharedStoreConfig } from '../../config/types.js';
import type { WindowReport } from '../../demo/load/report.js';
import { Tally } from '../../demo/load/report.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { rounds } from '../fixtures/rounds.js';
import { aspnetShop } from '../fixtures/servers/aspnet.js';
import { conforms } from './conformance.js';
import { beginSession, flip } from './flips.js';
import { publishTable } from './publish.js';
import { Visit } from './visit.js';

/** For what is asked after the restarts. */
const LIMIT_MS = 600_000;
/** A page that has begun a session goes on for so long after its answer: longer than a request takes. */
const GOES_ON_MS = 1000;
const USERS = 40;
/** Of each user: Mono loses one session, or some, in 20,000 requests (measured), and mostly none in those of a few visits. */
const VISITS = rounds(40, 1);
/** Of requests, in a visit. */
const PAIRS = 5;
/** After each pair: 80 users without it are more than two cores can serve. */
const PAUSE_MS = 500;
/** After this Mono looks again whether a session is still locked (measured). */
const LOOKS_AGAIN_MS = 500;

interface Cart {
  count: number;
}

conforms({
  name: 'aspnet',
  mechanism: 'shared-store, ASP.NET on Mono with a state server, one request of a session at a time',
  shop: aspnetShop,
});

test(
  'aspnet: of two requests of a session at once the proxy sends one at a time, and none is lost; what Mono loses without it is told',
  { timeout: 3 * LIMIT_MS },
  async () => {
    const { installation } = await createTestInstallation(async (directory) => {
      const shop = await aspnetShop(directory);
      // Nobody is sent away for having waited for long, as on a slow machine.
      return { ...shop, pool: { ...shop.pool, limits: { holdMaxMs: LIMIT_MS } } };
    });
    const [machine] = installation.pool.machines;
    await installation.bootMachines(machine.name);
    const proxy = await installation.startProxy();
    const measure = async (origin: string): Promise<WindowReport> => {
      const tally = new Tally();
      const user = async (): Promise<void> => {
        for (let visits = 0; visits < VISITS; visits++) {
          const visit = new Visit([origin], tally);
          await visit.add();
          for (let pair = 0; pair < PAIRS && !visit.isLost; pair++) {
            await Promise.all([visit.add(), visit.add()]);
            await sleep(PAUSE_MS);
          }
          await visit.look();
        }
      };
      await Promise.all(Array.from({ length: USERS }, user));
      return tally.report();
    };

    const [past, through] = await Promise.all([measure(machine.url), measure(proxy.url)]);

    console.log(JSON.stringify({ server: 'aspnet', past, through }));
    expect(past.longestWaitMs, 'who has met the lock of the other request').toBeGreaterThanOrEqual(LOOKS_AGAIN_MS);
    expect(through.reasons).toEqual({});
    expect(through).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
    const rows = { 'as they come, past the proxy': past, 'one at a time, through the proxy': through };
    await publishTable(
      'aspnet.md',
      Object.entries(rows).map(([sent, { requests, sessionsLost }]) => ({
        'two of a session at once, sent': sent,
        requests,
        'sessions lost': sessionsLost,
      })),
    );
  },
);

test('aspnet: what is answered is saved, or locked until it is; a new session that is flushed early is neither, and the barrier waits', async () => {
  const { installation } = await createTestInstallation(aspnetShop);
  await installation.bootMachines();
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  const call: MechanismCall = { signal: AbortSignal.timeout(LIMIT_MS), guard: () => Promise.resolve() };
  const none = (): Promise<void> => Promise.resolve();

  const sessions = await Promise.all(Array.from({ length: 10 }, () => beginSession(primary, pool)));
  let stale = 0;
  for (let round = 0; round < 20; round++) {
    const [from, to] = round % 2 === 0 ? [primary, standby] : [standby, primary];
    for (const session of sessions) stale += await flip(from, to, [session], none);
  }
  expect(stale, 'without any barrier').toBe(0);
  const [locked = { cookie: '' }] = sessions;
  const { cart } = await early(primary, locked.cookie);
  expect(await cartAt(standby, locked.cookie), 'flushed before it is saved').toEqual(cart);

  const hash = createSessionKeyHash('test');
  const settle = async (settleMs: number): Promise<Cart> => {
    const mechanism = createMechanism({ ...pool, sessions: { ...(pool.sessions as SharedStoreConfig), settleMs } }, hash);
    onTestFinished(() => mechanism.close());
    const { cookie } = await early(primary);
    const keys = [hash(cookie.slice(cookie.indexOf('=') + 1))];
    expect(await mechanism.handOver({ primary, standby }, { held: 'keys', keys }, call)).toEqual(keys);
    return cartAt(standby, cookie);
  };
  expect(await settle(0), 'begun and flushed, without the barrier').toMatchObject({ count: 0 });
  expect(await settle(3 * GOES_ON_MS), 'begun and flushed, with the barrier').toMatchObject({ count: 1 });

  const preflight = async (): Promise<void> => {
    const mechanism = createMechanism(pool, hash);
    const nothing = (): Promise<Set<string>> => Promise.resolve(new Set());
    await mechanism.preflight({ primary, standby }, nothing, call).finally(() => mechanism.close());
  };
  await preflight();
  const file = join(installation.directory, standby.name, 'application', 'web.config');
  const shared = await readFile(file, 'utf8');
  await writeFile(file, shared.replace(/validationKey="[^"]+"/, `validationKey="${randomBytes(64).toString('hex')}"`));
  await installation.restartPlainly(standby.name);
  await expect(preflight()).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringMatching(/shop-b answered 500 to a form of machine shop-a, which itself answered 200/) as string,
    remedy: expect.stringContaining('machineKey') as string,
  });
  await writeFile(file, shared.replace('mode="StateServer"', 'mode="InProc"'));
  await installation.restartPlainly(standby.name);
  await expect(preflight()).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining('did not find the session') as string,
  });
});

/** A request whose answer is complete before it has saved the session: of `cookie`, or of one that it begins. */
async function early(machine: MachineConfig, cookie?: string): Promise<{ cookie: string; cart: Cart }> {
  const headers = cookie === undefined ? {} : { cookie };
  const answer = await fetch(`${machine.url}/shop/early?ms=${GOES_ON_MS}&item=early`, { method: 'POST', headers });
  const begun = answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  return { cookie: cookie ?? begun, cart: (await answer.json()) as Cart };
}

async function cartAt(machine: MachineConfig, cookie: string): Promise<Cart> {
  return (await fetch(`${machine.url}/shop/cart`, { headers: { cookie } })).json() as Promise<Cart>;
}
