import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';

const shop = (directory: string): ReturnType<typeof tomcatCluster> => tomcatCluster(directory, 'DeltaManager');

conforms({ name: 'tomcat-delta', mechanism: 'tomcat-cluster, DeltaManager', shop });
barrierHolds('tomcat-delta', shop);
