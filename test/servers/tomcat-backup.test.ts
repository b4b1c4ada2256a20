import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';
import { survivorsAreCounted } from './died.js';
import { pairsSurvive } from './pairs.js';

const shop = (directory: string): ReturnType<typeof tomcatCluster> => tomcatCluster(directory, 'BackupManager');

conforms({
  name: 'tomcat-backup',
  mechanism: 'tomcat-cluster, BackupManager',
  shop,
  // As DeltaManager's.
  copiesRest: 2,
});
barrierHolds('tomcat-backup', shop);
pairsSurvive('tomcat-backup', shop);
survivorsAreCounted('tomcat-backup', shop);
