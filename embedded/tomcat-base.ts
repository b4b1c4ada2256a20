// A Tomcat machine for demos and tests: a directory of its own (CATALINA_BASE) with the files of examples/servers.

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exampleFile } from './examples.js';
import type { TomcatKit } from './tomcat-kit.js';

/** Where Tomcat's Store keeps the sessions of this machine. */
export type TomcatStore =
  | { type: 'file'; directory: string }
  /** `url` as postgres://user:password@host:port/database. */
  | { type: 'data-source'; url: string; table: string };

export interface TomcatBaseOptions extends TomcatWriting {
  port: number;
  /** Where it listens; loopback unless given. */
  address?: string;
  /** Where it finds the shop, where that is not the kit's: a machine with a file system of its own. */
  war?: string;
  /** What Tomcat appends to its session ids, as behind a load balancer that goes by it. */
  jvmRoute: string;
  store: TomcatStore;
}

export interface TomcatWriting {
  kit: TomcatKit;
  /** CATALINA_BASE; made anew. */
  base: string;
  managerPassword: string;
  /** Address of the worker, which alone may reach the manager; loopback unless given. */
  worker?: string;
}

/** Writes a CATALINA_BASE by examples/servers/tomcat: with a PersistentManager that swaps only when told. */
export async function createTomcatBase(options: TomcatBaseOptions): Promise<void> {
  const { kit, base, port, address = '127.0.0.1', war = kit.war, jvmRoute, store } = options;
  await writeTomcatBase(options, {
    serverXml: exampleFile('tomcat/server.xml', {
      'address="10.0.0.11" port="8080"': `address="${address}" port="${port}"`,
      'tomcat-a': jvmRoute,
    }),
    shopXml: shopXml(war, store),
  });
  if (store.type === 'file') await mkdir(store.directory, { recursive: true });
  else await copyFile(kit.jdbcDriver, join(base, 'lib', 'postgresql.jar'));
}

/** Writes a CATALINA_BASE with these texts of conf/server.xml and of the shop's Context, and the manager's jmxproxy. */
export async function writeTomcatBase(
  { kit, base, managerPassword, worker = '127.0.0.1' }: TomcatWriting,
  { serverXml, shopXml }: { serverXml: string; shopXml: string },
): Promise<void> {
  const conf = join(base, 'conf');
  const contexts = join(conf, 'Catalina', 'localhost');
  const directories = [contexts, ...['temp', 'logs', 'work', 'webapps', 'lib'].map((name) => join(base, name))];
  for (const directory of directories) await mkdir(directory, { recursive: true });
  await copyFile(join(kit.home, 'conf', 'web.xml'), join(conf, 'web.xml'));
  const texts: readonly [file: string, text: string][] = [
    [join(conf, 'server.xml'), serverXml],
    [join(conf, 'tomcat-users.xml'), exampleFile('tomcat/tomcat-users.xml', { 'change-me': managerPassword })],
    [join(contexts, 'manager.xml'), exampleFile('tomcat/manager.xml', { '10.0.0.9': worker })],
    [join(contexts, 'shop.xml'), shopXml],
  ];
  for (const [file, text] of texts) await writeFile(file, text, { mode: 0o600 });
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

function shopXml(war: string, store: TomcatStore): string {
  const shop = { '/srv/shop/shop.war': war };
  if (store.type === 'file') {
    return exampleFile('tomcat/file-store/shop.xml', { ...shop, '/srv/sessions/tomcat-a/shop': store.directory });
  }
  const { username, password, host, pathname } = new URL(store.url);
  return exampleFile('tomcat/data-source-store/shop.xml', {
    ...shop,
    '10.0.0.20:5432/sessions': `${host}${pathname}`,
    'username="tomcat"': `username="${decodeURIComponent(username)}"`,
    'change-me': decodeURIComponent(password),
    sessions_tomcat_a: store.table,
  });
}
