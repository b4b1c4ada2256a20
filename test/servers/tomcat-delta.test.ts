import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';

const shop = (directory: string): ReturnType<typeof tomcatCluster> => tomcatCluster(directory, 'DeltaManager');

conforms({ name: 'tomcat-delta', mechanism: 'tomcat-cluster, DeltaManager', shop });
barrierHolds('tomcat-delta', shop);

test('tomcat-delta: a BackupManager is refused, and says what to put in its place', async () => {
  const { installation } = await createTestInstallation((directory) => tomcatCluster(directory, 'BackupManager'));
  const [primary] = installation.pool.machines;
  await installation.bootMachines(primary.name);
  const mechanism = createMechanism(installation.pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());

  const refusal = mechanism.inspect(primary, { signal: AbortSignal.timeout(60_000), guard: () => Promise.resolve() });

  await expect(refusal).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    remedy: expect.stringContaining('DeltaManager') as string,
  });
});
