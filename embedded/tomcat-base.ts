// A Tomcat machine for demos and tests: a directory of its own (CATALINA_BASE) with the shop and the manager's jmxproxy.

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TomcatKit } from './tomcat-kit.js';

/** Where Tomcat's Store keeps the sessions of this machine. */
export type TomcatStore =
  | { type: 'file'; directory: string }
  /** `url` as postgres://user:password@host:port/database. */
  | { type: 'data-source'; url: string; table: string };

export interface TomcatBaseOptions {
  kit: TomcatKit;
  /** CATALINA_BASE; made anew. */
  base: string;
  port: number;
  /** Where it listens; loopback unless given. */
  address?: string;
  /** Where it finds the shop, where that is not the kit's: a machine with a file system of its own. */
  war?: string;
  managerPassword: string;
  /** What Tomcat appends to its session ids, as behind a load balancer that goes by it. */
  jvmRoute: string;
  store: TomcatStore;
}

/** Writes a CATALINA_BASE with the shop at /shop, the manager's jmxproxy, and a PersistentManager that swaps only when told. */
export async function createTomcatBase(options: TomcatBaseOptions): Promise<void> {
  const { kit, base, port, address = '127.0.0.1', war = kit.war, managerPassword, jvmRoute, store } = options;
  const contexts = join(base, 'conf', 'Catalina', 'localhost');
  const directories = [contexts, ...['temp', 'logs', 'work', 'webapps', 'lib'].map((name) => join(base, name))];
  if (store.type === 'file') directories.push(store.directory);
  for (const directory of directories) await mkdir(directory, { recursive: true });
  await copyFile(join(kit.home, 'conf', 'web.xml'), join(base, 'conf', 'web.xml'));
  if (store.type === 'data-source') await copyFile(kit.jdbcDriver, join(base, 'lib', 'postgresql.jar'));
  await writeFile(join(base, 'conf', 'server.xml'), serverXml(address, port, jvmRoute, store), { mode: 0o600 });
  await writeFile(join(base, 'conf', 'tomcat-users.xml'), usersXml(managerPassword), { mode: 0o600 });
  await writeFile(join(contexts, 'manager.xml'), '<Context docBase="${catalina.home}/webapps/manager" privileged="true"/>\n');
  await writeFile(join(contexts, 'shop.xml'), shopXml(war, store));
}

/** How the shop ages on purpose: demo/tomcat-app, Leak.java. */
export interface ShopLeak {
  kind: 'heap' | 'threads' | 'connections' | 'slow';
  amount: number;
}

/** Of a process that leaks: a customary limit, and one that is reached in minutes. */
const OPEN_FILES = 4096;

/** Command and environment that run a CATALINA_BASE in the foreground. */
export function tomcatCommand(
  kit: TomcatKit,
  base: string,
  leak: ShopLeak | null = null,
): { command: string[]; env: Record<string, string> } {
  const aging = leak === null ? '' : ` -Dshop.leak=${leak.kind} -Dshop.leak.amount=${leak.amount}`;
  const run = [join(kit.home, 'bin', 'catalina.sh'), 'run'];
  return {
    command: leak === null ? run : ['/bin/sh', '-c', `ulimit -n ${OPEN_FILES} && exec "$0" "$@"`, ...run],
    env: {
      CATALINA_HOME: kit.home,
      CATALINA_BASE: base,
      // Two machines and the load share two cores: short-lived compilers and one collector thread keep the noise down.
      CATALINA_OPTS: '-Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.security.egd=file:/dev/urandom' + aging,
    },
  };
}

function serverXml(address: string, port: number, jvmRoute: string, store: TomcatStore): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <GlobalNamingResources>
    <Resource name="UserDatabase" auth="Container" type="org.apache.catalina.UserDatabase"
      factory="org.apache.catalina.users.MemoryUserDatabaseFactory" pathname="conf/tomcat-users.xml"/>
${store.type === 'data-source' ? dataSourceXml(store.url) : ''}  </GlobalNamingResources>
  <Service name="Catalina">
    <Connector port="${port}" address="${address}" protocol="HTTP/1.1" maxThreads="200" keepAliveTimeout="20000" maxKeepAliveRequests="-1"/>
    <Engine name="Catalina" defaultHost="localhost" jvmRoute="${jvmRoute}">
      <Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
`;
}

function dataSourceXml(url: string): string {
  const { username, password, host, pathname } = new URL(url);
  return `    <Resource name="jdbc/sessions" auth="Container" type="javax.sql.DataSource" driverClassName="org.postgresql.Driver"
      url="jdbc:postgresql://${host}${pathname}" username="${username}" password="${password}" defaultAutoCommit="false"
      maxTotal="20" maxWaitMillis="5000"/>
`;
}

function usersXml(managerPassword: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<tomcat-users xmlns="http://tomcat.apache.org/xml">
  <user username="vm-rejuv" password="${managerPassword}" roles="manager-jmx"/>
  <user username="demo" password="demo" roles="customer"/>
</tomcat-users>
`;
}

function shopXml(war: string, store: TomcatStore): string {
  return `<Context docBase="${war}">
${store.type === 'data-source' ? '  <ResourceLink name="jdbc/sessions" global="jdbc/sessions" type="javax.sql.DataSource"/>\n' : ''}\
  <Manager className="org.apache.catalina.session.PersistentManager" sessionActivityCheck="true" persistAuthentication="true"
    saveOnRestart="true" maxIdleBackup="-1" maxIdleSwap="-1" minIdleSwap="-1">
    ${storeXml(store)}
  </Manager>
</Context>
`;
}

function storeXml(store: TomcatStore): string {
  if (store.type === 'file') return `<Store className="org.apache.catalina.session.FileStore" directory="${store.directory}"/>`;
  return `<Store className="org.apache.catalina.session.DataSourceStore" dataSourceName="jdbc/sessions" localDataSource="true"
      sessionTable="${store.table}" sessionIdCol="id" sessionAppCol="app" sessionDataCol="data" sessionValidCol="valid"
      sessionMaxInactiveCol="maxinactive" sessionLastAccessedCol="lastaccess"/>`;
}
