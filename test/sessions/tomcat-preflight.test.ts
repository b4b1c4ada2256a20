import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MachinePair, MechanismCall } from '../../activities/sessions/mechanism.js';
import type { PoolConfig, TomcatSwapConfig } from '../../config/types.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';

const call: MechanismCall = { signal: AbortSignal.timeout(60_000), guard: () => Promise.resolve() };

async function startTomcats(): Promise<{ preflight: (change?: Partial<TomcatSwapConfig>) => Promise<void>; pool: PoolConfig }> {
  const { installation } = await createTestInstallation((directory) => tomcatShop(directory));
  await installation.bootMachines();
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  const pair: MachinePair = { primary, standby };
  const preflight = (change: Partial<TomcatSwapConfig> = {}): Promise<void> => {
    const sessions = { ...(pool.sessions as TomcatSwapConfig), ...change };
    return createMechanism({ ...pool, sessions }, createSessionKeyHash('test')).preflight(pair, call);
  };
  return { preflight, pool };
}

test('preflight accepts a well configured pair, leaves no session behind, and refuses each mistake by what to change', async () => {
  const { preflight, pool } = await startTomcats();
  const { manager } = pool.sessions as TomcatSwapConfig;

  await preflight();
  for (const { sessionDirectory } of pool.machines) expect(readdirSync(join(sessionDirectory ?? '', 'shop'))).toEqual([]);

  await expect(preflight({ manager: { ...manager, password: 'wrong' } })).rejects.toMatchObject({
    code: 'TOMCAT_MANAGER_PASSWORD',
  });
  await expect(preflight({ manager: { ...manager, path: '/nowhere' } })).rejects.toMatchObject({
    code: 'TOMCAT_MANAGER_MISSING',
  });
  await expect(preflight({ contexts: ['/nowhere'] })).rejects.toMatchObject({ code: 'SESSIONS_NOT_MOVABLE' });
  // The manager's own context keeps its sessions in memory only.
  await expect(preflight({ contexts: ['/manager'] })).rejects.toMatchObject({
    ...{ code: 'SESSIONS_NOT_MOVABLE', remedy: expect.stringContaining('PersistentManager') as string },
  });
  await expect(preflight({ canary: { path: '/shop/health', attributes: [] } })).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
  });
});

test('preflight notices a session attribute that cannot be serialised', async () => {
  const { preflight } = await startTomcats();

  await expect(preflight({ canary: { path: '/shop/unserialisable', attributes: ['socket'] } })).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining('"socket"') as string,
    remedy: expect.stringContaining('Serializable') as string,
  });
});
