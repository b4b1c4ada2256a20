import { expect, test } from 'vitest';
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
