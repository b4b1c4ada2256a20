// Tomcat for demos and tests, unmodified from Maven Central, and the demo's shop; built once into the cache.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../config/operator-error.js';
import { provideCached } from './cache.js';
import { runToEnd } from './child-process.js';

const BUILD_TIMEOUT_MS = 10 * 60_000;
const VERSION_TIMEOUT_MS = 30_000;
/** A Java runtime alone has no javac, without which Maven builds nothing. */
const NEEDED = [
  ['java', '-version'],
  ['javac', '-version'],
  ['mvn', '-v'],
] as const;
const SOURCES = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../demo/tomcat-app' : '../demo/tomcat-app', import.meta.url),
);

export interface TomcatKit {
  /** CATALINA_HOME */
  home: string;
  war: string;
  /** PostgreSQL's JDBC driver, for DataSourceStore. */
  jdbcDriver: string;
}

/** Tomcat and the shop from the cache, or built by Maven into it. TOMCAT_BUILD_FAILED says what is missing. */
export async function provideTomcat(onProgress: (line: string) => void, signal: AbortSignal): Promise<TomcatKit> {
  const directory = await provideCached(`tomcat-shop-${fingerprint(SOURCES).slice(0, 16)}`, {
    purpose: "Getting Tomcat from Maven Central and building the demo's shop: some seconds to a minute",
    onProgress,
    fill: (target) => build(target, signal),
  });
  const home = readdirSync(directory).find((name) => name.startsWith('apache-tomcat-'));
  if (home === undefined) throw new Error(`There is no Tomcat in ${directory}: remove that directory and try again.`);
  return { home: join(directory, home), war: join(directory, 'shop.war'), jdbcDriver: join(directory, 'postgresql.jar') };
}

/** Whether the commands that Tomcat and its build need are there; otherwise which one is not. */
export async function missingForTomcat(): Promise<string | null> {
  for (const [command, version] of NEEDED) {
    const works = await runToEnd(command, [version], { timeoutMs: VERSION_TIMEOUT_MS }).then(
      () => true,
      () => false,
    );
    if (!works) return command;
  }
  return null;
}

async function build(output: string, signal: AbortSignal): Promise<void> {
  const args = ['-B', '-q', '-f', join(SOURCES, 'pom.xml'), `-Doutput=${output}`, 'package'];
  try {
    await runToEnd('mvn', args, { timeoutMs: BUILD_TIMEOUT_MS, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new OperatorError(
      'TOMCAT_BUILD_FAILED',
      `Maven could not provide Tomcat: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Check that Maven reaches its repository and that JAVA_HOME is a JDK 17 or newer; or use --app node.',
      { cause },
    );
  }
}

/** Of all files of a directory of sources, but for what Maven has built there. */
export function fingerprint(directory: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(join(directory, 'target')))
    .sort();
  for (const file of files) hash.update(file.slice(directory.length)).update(readFileSync(file));
  return hash.digest('hex');
}
