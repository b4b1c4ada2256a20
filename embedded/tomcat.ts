// Tomcat for demos and tests: unmodified from Maven Central, with the demo's shop; a directory of its own (CATALINA_BASE) per machine.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../config/operator-error.js';
import { cacheDirectory } from './cache.js';

const BUILD_TIMEOUT_MS = 10 * 60_000;
const SOURCES = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../demo/tomcat-app' : '../demo/tomcat-app', import.meta.url),
);

export interface TomcatKit {
  /** CATALINA_HOME */
  home: string;
  war: string;
}

/** Tomcat and the shop from the cache, or built by Maven into it. TOMCAT_BUILD_FAILED says what is missing. */
export async function provideTomcat(onProgress: (line: string) => void, signal: AbortSignal): Promise<TomcatKit> {
  const directory = join(cacheDirectory(), `tomcat-shop-${fingerprint(SOURCES).slice(0, 16)}`);
  if (!existsSync(directory)) await build(directory, onProgress, signal);
  const home = readdirSync(directory).find((name) => name.startsWith('apache-tomcat-'));
  if (home === undefined) throw new Error(`There is no Tomcat in ${directory}: remove that directory and try again.`);
  return { home: join(directory, home), war: join(directory, 'shop.war') };
}

/** Whether the commands that Tomcat and its build need are there; otherwise which one is not. */
export async function missingForTomcat(): Promise<string | null> {
  if (!(await succeeds('java', ['-version']))) return 'java';
  return (await succeeds('mvn', ['-v'])) ? null : 'mvn';
}

export interface TomcatBaseOptions {
  kit: TomcatKit;
  /** CATALINA_BASE; made anew. */
  base: string;
  port: number;
  managerPassword: string;
  /** Directory of FileStore. */
  sessionDirectory: string;
}

/** Writes a CATALINA_BASE with the shop at /shop, the manager's jmxproxy, and a PersistentManager that swaps only when told. */
export async function createTomcatBase(options: TomcatBaseOptions): Promise<void> {
  const { kit, base, port, managerPassword, sessionDirectory } = options;
  const contexts = join(base, 'conf', 'Catalina', 'localhost');
  for (const directory of [
    contexts,
    join(base, 'temp'),
    join(base, 'logs'),
    join(base, 'work'),
    join(base, 'webapps'),
    sessionDirectory,
  ])
    await mkdir(directory, { recursive: true });
  await copyFile(join(kit.home, 'conf', 'web.xml'), join(base, 'conf', 'web.xml'));
  await writeFile(join(base, 'conf', 'server.xml'), serverXml(port));
  await writeFile(join(base, 'conf', 'tomcat-users.xml'), usersXml(managerPassword), { mode: 0o600 });
  await writeFile(join(contexts, 'manager.xml'), '<Context docBase="${catalina.home}/webapps/manager" privileged="true"/>\n');
  await writeFile(join(contexts, 'shop.xml'), shopXml(kit.war, sessionDirectory));
}

/** Command and environment that run a CATALINA_BASE in the foreground. */
export function tomcatCommand(kit: TomcatKit, base: string): { command: string[]; env: Record<string, string> } {
  return {
    command: [join(kit.home, 'bin', 'catalina.sh'), 'run'],
    env: {
      CATALINA_HOME: kit.home,
      CATALINA_BASE: base,
      // Two machines and the load share two cores: short-lived compilers and one collector thread keep the noise down.
      CATALINA_OPTS: '-Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.security.egd=file:/dev/urandom',
    },
  };
}

function serverXml(port: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <GlobalNamingResources>
    <Resource name="UserDatabase" auth="Container" type="org.apache.catalina.UserDatabase"
      factory="org.apache.catalina.users.MemoryUserDatabaseFactory" pathname="conf/tomcat-users.xml"/>
  </GlobalNamingResources>
  <Service name="Catalina">
    <Connector port="${port}" address="127.0.0.1" protocol="HTTP/1.1" maxThreads="200" keepAliveTimeout="20000" maxKeepAliveRequests="-1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
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

function shopXml(war: string, sessionDirectory: string): string {
  return `<Context docBase="${war}">
  <Manager className="org.apache.catalina.session.PersistentManager" sessionActivityCheck="true" persistAuthentication="true"
    saveOnRestart="true" maxIdleBackup="-1" maxIdleSwap="-1" minIdleSwap="-1">
    <Store className="org.apache.catalina.session.FileStore" directory="${sessionDirectory}"/>
  </Manager>
</Context>
`;
}

async function build(directory: string, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
  onProgress(
    "Getting Tomcat from Maven Central and building the demo's shop: about a minute, once, cached outside the repository",
  );
  await mkdir(cacheDirectory(), { recursive: true });
  const output = await mkdtemp(`${directory}-`);
  const started = Date.now();
  const ticker = setInterval(() => onProgress(`  still building (${Math.round((Date.now() - started) / 1000)} s)`), 10_000);
  try {
    await run('mvn', ['-B', '-q', '-f', join(SOURCES, 'pom.xml'), `-Doutput=${output}`, 'package'], signal);
    await rename(output, directory).catch((error: unknown) => {
      // Somebody else has built the same meanwhile.
      if (!existsSync(directory)) throw error;
    });
  } catch (cause) {
    throw new OperatorError(
      'TOMCAT_BUILD_FAILED',
      `Maven could not provide Tomcat: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Check that Maven reaches its repository and that JAVA_HOME is a JDK 17 or newer; or use --app node.',
      { cause },
    );
  } finally {
    clearInterval(ticker);
    await rm(output, { recursive: true, force: true });
  }
}

async function run(command: string, args: string[], signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(BUILD_TIMEOUT_MS)]),
    });
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-800)));
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${String(code)}: ${tail.trim()}`)),
    );
  });
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  return run(command, args, AbortSignal.timeout(30_000)).then(
    () => true,
    () => false,
  );
}

function fingerprint(directory: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(join(directory, 'target')))
    .sort();
  for (const file of files) hash.update(file.slice(directory.length)).update(readFileSync(file));
  return hash.digest('hex');
}
