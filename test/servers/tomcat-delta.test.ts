import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import type { ClusterManager } from '../fixtures/servers/tomcat-cluster.js';
import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';

const shop = (directory: string): ReturnType<typeof tomcatCluster> => tomcatCluster(directory, 'DeltaManager');

conforms({
  name: 'tomcat-delta',
  mechanism: 'tomcat-cluster, DeltaManager',
  shop,
  // DeltaManager.deserializeSessions counts as an access, and DeltaSession.isValid lets a copy rest twice as long as the session itself.
  copiesRest: 2,
});
barrierHolds('tomcat-delta', shop);

/** What the first machine is refused for, whose server.xml says `instead` where the sample says `sample`. */
async function refusal(sample: string, instead: string, manager: ClusterManager = 'DeltaManager'): Promise<unknown> {
  const { installation } = await createTestInstallation(async (directory) => {
    const made = await tomcatCluster(directory, manager);
    const serverXml = join(directory, 'tomcat-a/conf/server.xml');
    const xml = await readFile(serverXml, 'utf8');
    expect(xml).toContain(sample);
    await writeFile(serverXml, xml.replace(sample, instead));
    return made;
  });
  const [primary] = installation.pool.machines;
  await installation.bootMachines(primary.name);
  const mechanism = createMechanism(installation.pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  const call = { signal: AbortSignal.timeout(60_000), guard: () => Promise.resolve() };
  return mechanism.inspect(primary, call).catch((error: unknown) => error);
}

test.each([
  ['a BackupManager', 'mapSendOptions="6"', 'mapSendOptions="6"', 'DeltaManager', 'BackupManager'],
  ['one whose end ends sessions everywhere', 'OnShutdown="false"', 'OnShutdown="true"', 'expireSessionsOnShutdown="false"'],
  ['one that sends behind its requests', 'channelSendOptions="6"', 'channelSendOptions="14"', 'channelSendOptions="6"'],
] as const)(
  'tomcat-delta: %s is refused, and says what to put in its place',
  async (_what, sample, instead, remedy, manager?) => {
    expect(await refusal(sample, instead, manager)).toMatchObject({
      code: 'SESSIONS_NOT_MOVABLE',
      remedy: expect.stringContaining(remedy) as string,
    });
  },
);

test('tomcat-delta: of a machine that has died the standby has the sessions that it was sent, and they are counted', async () => {
  const { installation } = await createTestInstallation(shop);
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  await installation.bootMachines();
  const mechanism = createMechanism(pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  const call = { signal: AbortSignal.timeout(120_000), guard: () => Promise.resolve() };
  await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
  const rescued = (): Promise<number | null> => mechanism.rescue({ primary, standby }, call);
  const before = (await rescued()) ?? NaN;
  for (let i = 0; i < 3; i++) await fetch(`${primary.url}/shop/cart?item=one`, { method: 'POST' });
  await createDriver(pool).stop(primary.name, { signal: call.signal });

  expect(await rescued()).toBe(before + 3);
});
