import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { SharedStoreConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { phpShop } from '../fixtures/servers/php.js';
import { conforms } from './conformance.js';

conforms({ name: 'php', mechanism: 'shared-store, Redis with locks', shop: (directory) => phpShop(directory) });

/** What the other machine finds of two changes, of which the second is saved a second and a half after its answer. */
async function countElsewhere(locks: boolean): Promise<number> {
  const { installation } = await createTestInstallation((directory) => phpShop(directory, { locks }));
  await installation.bootMachines();
  const [a, b] = installation.pool.machines;
  const count = async (response: Response): Promise<number> => ((await response.json()) as { count: number }).count;
  const first = await fetch(`${a.url}/shop/cart?item=one`, { method: 'POST' });
  const cookie = first.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  expect(await count(first)).toBe(1);
  const early = await fetch(`${a.url}/shop/early?ms=1500&item=two`, { method: 'POST', headers: { cookie } });
  expect(await count(early)).toBe(2);
  return count(await fetch(`${b.url}/shop/cart`, { headers: { cookie } }));
}

test('php: the other machine waits for the lock of a session until what was answered is saved, and without locks finds what was before', async () => {
  expect(await countElsewhere(true), 'with locks').toBe(2);
  expect(await countElsewhere(false), 'without locks').toBe(1);
});

test('php: a machine that takes up any id and keeps it elsewhere is refused by what the page shows, and without that as such', async () => {
  const { installation } = await createTestInstallation((directory) => phpShop(directory));
  await installation.bootMachines();
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  const sessions = pool.sessions as SharedStoreConfig;
  const preflight = async (shows: string | null): Promise<void> => {
    const canary = { path: '/shop/cart', form: null, shows };
    const mechanism = createMechanism({ ...pool, sessions: { ...sessions, canary } }, createSessionKeyHash('test'));
    const call = { signal: AbortSignal.timeout(60_000), guard: () => Promise.resolve() };
    await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call).finally(() => mechanism.close());
  };
  const { shows } = sessions.canary ?? { shows: null };
  await preflight(shows);
  const file = join(installation.directory, standby.name, 'shop.conf');
  const elsewhere = (await readFile(file, 'utf8')).replace(/(save_path\] = "[^"?]+)/, '$1?database=1');
  await writeFile(file, elsewhere.replace('use_strict_mode] = 1', 'use_strict_mode] = 0'));
  await installation.restartPlainly(standby.name);

  await expect(preflight(null)).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining('takes up any session id') as string,
  });
  await expect(preflight(shows)).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining('did not find the session') as string,
  });
});
