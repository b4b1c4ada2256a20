import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';

const shop = (directory: string): ReturnType<typeof tomcatCluster> => tomcatCluster(directory, 'BackupManager');

conforms({ name: 'tomcat-backup', mechanism: 'tomcat-cluster, BackupManager', shop });
barrierHolds('tomcat-backup', shop);
