import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { SessionMechanism } from '../../activities/sessions/mechanism.js';
import type { Installation } from '../../demo/installation.js';
import { samplersOf } from '../../monitor/samplers.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import type { ClusterManager } from '../fixtures/servers/tomcat-cluster.js';
import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';
import { survivorsAreCounted } from './died.js';
import { pairsSurvive } from './pairs.js';

const shop = (directory: string): ReturnType<typeof tomcatCluster> => tomcatCluster(directory, 'DeltaManager');

conforms({
  name: 'tomcat-delta',
  mechanism: 'tomcat-cluster, DeltaManager',
  shop,
  // DeltaManager.deserializeSessions counts as an access, and DeltaSession.isValid lets a copy rest twice as long as the session itself.
  copiesRest: 2,
});
barrierHolds('tomcat-delta', shop);
pairsSurvive('tomcat-delta', shop);

survivorsAreCounted('tomcat-delta', shop);

interface Mistake {
  /** Text of the sample's server.xml, and what the first machine has in its place. */
  sample: string;
  instead: string;
  manager?: ClusterManager;
  oneRequestAtATime?: boolean;
}

async function withMistake({ sample, instead, manager = 'DeltaManager', oneRequestAtATime = true }: Mistake): Promise<{
  installation: Installation;
  mechanism: SessionMechanism;
}> {
  const { installation } = await createTestInstallation(async (directory) => {
    const { pool, ...rest } = await tomcatCluster(directory, manager);
    const serverXml = join(directory, 'tomcat-a/conf/server.xml');
    const xml = await readFile(serverXml, 'utf8');
    expect(xml).toContain(sample);
    await writeFile(serverXml, xml.replaceAll(sample, instead));
    return { ...rest, pool: { ...pool, sessions: { ...(pool['sessions'] as object), oneRequestAtATime } } };
  });
  const mechanism = createMechanism(installation.pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  return { installation, mechanism };
}

const CALL = { guard: () => Promise.resolve() };

test.each<[string, Mistake, string]>([
  [
    'a BackupManager whose sessions have several requests at once',
    { sample: '"6"', instead: '"6"', manager: 'BackupManager', oneRequestAtATime: false },
    'sessions.oneRequestAtATime: true',
  ],
  [
    'a BackupManager that sends behind its requests',
    { sample: 'mapSendOptions="6"', instead: 'mapSendOptions="8"', manager: 'BackupManager' },
    'mapSendOptions="6"',
  ],
  [
    'a BackupManager that soon takes the other machine for gone',
    { sample: 'accessTimeout="60000"', instead: 'accessTimeout="5000"', manager: 'BackupManager' },
    'accessTimeout="60000"',
  ],
  [
    'one whose end ends sessions everywhere',
    { sample: 'OnShutdown="false"', instead: 'OnShutdown="true"' },
    'expireSessionsOnShutdown="false"',
  ],
  [
    'one that sends behind its requests',
    { sample: 'channelSendOptions="6"', instead: 'channelSendOptions="14"' },
    'channelSendOptions="6"',
  ],
  [
    'one that announces sessions and sends none of their changes',
    { sample: 'org.apache.catalina.ha.tcp.ReplicationValve', instead: 'org.apache.catalina.ha.session.JvmRouteBinderValve' },
    '<Valve className="org.apache.catalina.ha.tcp.ReplicationValve"/>',
  ],
  [
    'one that leaves out requests',
    { sample: 'tcp.ReplicationValve"', instead: 'tcp.ReplicationValve" filter=".*cart.*"' },
    'Remove the filter',
  ],
  [
    'one that renames sessions, by the valves that Tomcat adds where there is none',
    { sample: '<Valve className="org.apache.catalina.ha.tcp.ReplicationValve"/>', instead: '' },
    'the ReplicationValve alone',
  ],
])('tomcat-delta: %s is refused, and says what to put in its place', async (_what, mistake, remedy) => {
  const { installation, mechanism } = await withMistake(mistake);
  const [primary] = installation.pool.machines;
  await installation.bootMachines(primary.name);

  const inspected = mechanism.inspect(primary, { ...CALL, signal: AbortSignal.timeout(60_000) });
  await expect(inspected).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    remedy: expect.stringContaining(remedy) as string,
  });
});

test('tomcat-delta: inside Host it is a cluster as well, and what is inside the machine is measured', async () => {
  const { installation } = await createTestInstallation((directory) => tomcatCluster(directory, 'DeltaManager', 'Host'));
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  await installation.bootMachines();
  const mechanism = createMechanism(pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  const signal = AbortSignal.timeout(120_000);
  await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), { ...CALL, signal });

  const nobody = { traffic: () => Promise.reject(new Error('No proxy runs.')) };
  const samplers = samplersOf(pool, { fleet: nobody, driver: createDriver(pool), now: () => Date.now() });
  const jmx = samplers.find(({ name }) => name === 'jmx');
  const readings = (await jmx?.sample(primary, signal)) ?? [];
  await jmx?.close?.();

  const values = new Map(readings.map(({ series, value }) => [series.name, value]));
  // The canary's, at least.
  for (const name of ['heap', 'threads', 'fileHandles', 'sessions']) expect(values.get(name)).toBeGreaterThan(0);
});
