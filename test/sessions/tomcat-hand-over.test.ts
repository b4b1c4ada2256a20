import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SessionFiles } from '../../activities/sessions/session-files.js';
import { passFor } from '../../activities/sessions/swap-out.js';
import type { Lane } from '../../activities/sessions/tomcat-lane.js';
import type { TomcatManager } from '../../activities/sessions/tomcat-manager.js';
import { TomcatSessions } from '../../activities/sessions/tomcat-sessions.js';
import type { MachineConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';

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

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-files-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function storesOf(directory: string, context: string): { from: SessionFiles; to: SessionFiles } {
  const store = (name: string): SessionFiles =>
    new SessionFiles({ name, sessionDirectory: join(directory, name) } as MachineConfig, context);
  return { from: store('a'), to: store('b') };
}

async function twoStores(): Promise<{ from: SessionFiles; to: SessionFiles }> {
  const { from, to } = storesOf(await emptyDirectory(), '/shop');
  await mkdir(from.place, { recursive: true });
  await writeFile(join(from.place, 'ID.session'), 'state');
  return { from, to };
}

/** Contexts as a Tomcat would have them with these ids in memory and in its files. */
async function contexts(places: Record<string, { memory: string[]; files: string[] }>): Promise<Lane[]> {
  const directory = await emptyDirectory();
  return Promise.all(
    Object.entries(places).map(async ([context, { memory, files }]) => {
      const { from, to } = storesOf(directory, context);
      for (const { place } of [from, to]) await mkdir(place, { recursive: true });
      for (const id of files) await writeFile(join(from.place, `${id}.session`), 'state');
      const manager = { sessionIds: () => Promise.resolve(memory) } as unknown as TomcatManager;
      return { context, from: { manager, store: from }, to: { store: to } } as unknown as Lane;
    }),
  );
}

const { signal } = new AbortController();
const hash = createSessionKeyHash('test');

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

test('a key whose id nobody has seen yet is looked for before it counts as one without a session', async () => {
  const lanes = await contexts({ '/shop': { memory: ['BUSY.a'], files: ['RESTING.a'] } });
  const sessions = new TomcatSessions(hash, 'suffix-dot');
  const keys = ['RESTING', 'BUSY', 'NOWHERE'].map(hash);

  const out = await sessions.outOfMemory(lanes, keys, signal);

  expect(out).toEqual(['RESTING', 'NOWHERE'].map(hash));
  expect(await sessions.giveToStandby(lanes, out)).toEqual(out);
  expect(await lanes[0]?.to.store.ids()).toEqual(['RESTING.a']);
});

test('a session has the key that proxies know it by, whatever of its id that is', () => {
  expect(new TomcatSessions(hash, 'suffix-dot').keyOf('ID.tomcat-a')).toBe(hash('ID'));
  expect(new TomcatSessions(hash, 'none').keyOf('ID.tomcat-a')).toBe(hash('ID.tomcat-a'));
});

test('an id that names sessions of two contexts moves when it is in memory in neither, and with both', async () => {
  const halfway = await contexts({ '/shop': { memory: [], files: ['ID'] }, '/account': { memory: ['ID'], files: [] } });
  const sessions = new TomcatSessions(hash, 'suffix-dot');
  expect((await sessions.look(halfway, signal)).swappedOut()).toEqual([]);
  expect(await sessions.outOfMemory(halfway, [hash('ID')], signal)).toEqual([]);

  const out = await contexts({ '/shop': { memory: [], files: ['ID'] }, '/account': { memory: [], files: ['ID'] } });
  expect((await sessions.look(out, signal)).swappedOut()).toEqual([hash('ID')]);
  expect(await sessions.giveToStandby(out, [hash('ID')])).toEqual([hash('ID')]);
  for (const { to } of out) expect(await to.store.ids()).toEqual(['ID']);
});

test('an id that one of two contexts cannot give does not count as given', async () => {
  const lanes = await contexts({ '/shop': { memory: [], files: ['ID'] }, '/account': { memory: [], files: ['ID'] } });
  const sessions = new TomcatSessions(hash, 'suffix-dot');
  await sessions.look(lanes, signal);
  await writeFile(join(lanes[1]?.to.store.place ?? '', 'ID.session'), 'newer');

  expect(await sessions.giveToStandby(lanes, [hash('ID')])).toEqual([]);
});
