import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MechanismCall } from '../../activities/sessions/mechanism.js';
import { createLiberty } from '../../activities/sessions/servers/liberty.js';
import { MAX_SETTLE_MS } from '../../config/defaults.js';
import type { LibertyConfig, PoolConfig } from '../../config/types.js';
import type { PoolFile } from '../../demo/installation.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { libertyShop } from '../fixtures/servers/liberty.js';
import { conforms } from './conformance.js';
import type { FlippedSession } from './flips.js';
import { addShortly, flipNew } from './flips.js';

const NAME = 'liberty-cache';
const call: MechanismCall = { signal: AbortSignal.timeout(600_000), guard: () => Promise.resolve() };
/** Of an application of Liberty's own: the shop's are as the example has them. */
const ALONE = 'com.ibm.ws.session.attr.default_host%2Fmetrics';

/** Liberty writes the session behind its short answer, and this takes it longer than the other machine takes to read. */
const LARGE = 'x'.repeat(2 ** 21);
/** Half of them are stale without the barrier (measured): where the other machine has the original. */
const FLIPS = 20;

conforms({
  name: NAME,
  mechanism: 'liberty, sessionCache-1.0 in Hazelcast',
  shop: (directory, databaseUrl) => libertyShop(directory, databaseUrl, NAME),
});

test(`${NAME}: what is answered is not yet saved, the barrier tells when it is, and preflight refuses a cache of which each machine has a part`, async () => {
  const { installation } = await createTestInstallation(shopWithoutCopies);
  await installation.bootMachines();
  const { pool } = installation;

  await expect(preflight(pool)).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: containing(`Each session in ${ALONE} is on one machine alone`),
    remedy: containing('backup-count'),
  });
  await expect(preflight(pool, { cluster: 'other' })).rejects.toMatchObject({ message: containing('its cluster is not other') });
  await preflight(pool, { cluster: null });
  await savesBehindItsAnswers(pool);
});

const containing = (text: string): string => expect.stringContaining(text) as string;

/** What hazelcast.xml names is nearer than its patterns are. */
async function shopWithoutCopies(directory: string, databaseUrl: string): Promise<PoolFile> {
  const file = await libertyShop(directory, databaseUrl, NAME);
  for (const { name } of file.pool['machines'] as { name: string }[]) {
    const path = join(directory, name, 'servers', 'shop', 'hazelcast.xml');
    const xml = await readFile(path, 'utf8');
    const alone = `<cache name="${ALONE}"><backup-count>0</backup-count></cache>`;
    await writeFile(path, xml.replace('</hazelcast>', `${alone}</hazelcast>`));
  }
  return file;
}

async function preflight(pool: PoolConfig, change: { cluster?: string | null } = {}): Promise<void> {
  const given = pool.sessions as LibertyConfig;
  const hazelcast = given.hazelcast === null ? null : { ...given.hazelcast, ...change };
  const mechanism = createMechanism({ ...pool, sessions: { ...given, hazelcast } }, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  const [primary, standby] = pool.machines;
  await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
}

async function savesBehindItsAnswers(pool: PoolConfig): Promise<void> {
  // Nobody else is there whose requests keep the count from telling: only a write that takes longer does.
  const liberty = createLiberty(pool, { ...(pool.sessions as LibertyConfig), busySettleMs: MAX_SETTLE_MS });
  onTestFinished(() => liberty.close());
  const [primary, standby] = pool.machines;
  const allSaved = async (): Promise<void> =>
    expect(await liberty.allSaved({ primary, standby }, performance.now() + 60_000, call)).toBe(true);
  const ready = async (session: FlippedSession): Promise<void> => {
    await addShortly(primary, session, LARGE);
    await allSaved();
  };
  const flips = (between: () => Promise<unknown>): Promise<number> =>
    flipNew(pool, FLIPS, { ready, between, change: addShortly });

  const without = await flips(() => Promise.resolve());
  const named = await flips(() => liberty.saved({ primary, standby }, ['key'], call));
  const all = await flips(allSaved);
  console.log(JSON.stringify({ server: NAME, flips: FLIPS, stale: { without, named, all } }));
  expect(without).toBeGreaterThan(0);
  expect({ named, all }).toEqual({ named: 0, all: 0 });
}
