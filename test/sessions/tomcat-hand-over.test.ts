import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SessionFiles } from '../../activities/sessions/session-files.js';
import { passFor } from '../../activities/sessions/swap-out.js';
import type { MachineConfig } from '../../config/types.js';

/** PersistentManagerBase.processMaxActiveSwaps: what exceeds 90 % of the maximum goes. */
function swappedOut(inMemory: number, limit: number): number {
  const pass = passFor(inMemory, limit);
  return 'idleS' in pass ? inMemory : inMemory - Math.trunc(pass.maxActive * 0.9);
}

test('a pass takes at least one session, however many there are, and stays above the live count', () => {
  for (const limit of [10, 20]) {
    for (let inMemory = 1; inMemory <= 300; inMemory++) {
      expect(swappedOut(inMemory, limit), `${inMemory} in memory, limit ${limit}`).toBeGreaterThan(0);
      const pass = passFor(inMemory, limit);
      if ('maxActive' in pass) expect(pass.maxActive).toBeGreaterThan(inMemory);
    }
  }
});

async function twoStores(): Promise<{ from: SessionFiles; to: SessionFiles }> {
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-files-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const store = (name: string): SessionFiles =>
    new SessionFiles({ name, sessionDirectory: join(directory, name) } as MachineConfig, '/shop');
  const [from, to] = [store('a'), store('b')];
  await mkdir(from.place, { recursive: true });
  await writeFile(join(from.place, 'ID.session'), 'state');
  return { from, to };
}

test('a session is not taken for moved, nor for gone, where the other machine has no directory for it', async () => {
  const { from, to } = await twoStores();

  await expect(from.giveTo(to, ['ID'])).rejects.toMatchObject({ code: 'SESSION_STORE_FAILED' });
});

test('a session is given once, not over another state of it, and one that is nowhere is not spoken of', async () => {
  const { from, to } = await twoStores();
  await mkdir(to.place, { recursive: true });

  expect(await from.giveTo(to, ['ID', 'NOWHERE'])).toEqual(new Map([['ID', true]]));
  expect(await from.giveTo(to, ['ID'])).toEqual(new Map([['ID', true]]));

  await to.remove(['ID']);
  await writeFile(join(to.place, 'ID.session'), 'newer');
  expect(await from.giveTo(to, ['ID'])).toEqual(new Map([['ID', false]]));
});
