import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MechanismCall } from '../../activities/sessions/mechanism.js';
import type { MachineConfig, SharedStoreConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { aspnetShop } from '../fixtures/servers/aspnet.js';
import { conforms } from './conformance.js';
import { beginSession, flip } from './flips.js';

/** For what is asked after the restarts. */
const LIMIT_MS = 600_000;
/** A page that has begun a session goes on for so long after its answer: longer than a request takes. */
const GOES_ON_MS = 1000;

interface Cart {
  count: number;
}

conforms({
  name: 'aspnet',
  mechanism: 'shared-store, ASP.NET on Mono with a state server, one request of a session at a time',
  shop: aspnetShop,
});

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
