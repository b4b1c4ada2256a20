// Tomcat for demos and tests, unmodified from Maven Central, and the demo's shop; built once into the cache.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
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
  /** PostgreSQL's JDBC driver, for DataSourceStore. */
  jdbcDriver: string;
}

/** Tomcat and the shop from the cache, or built by Maven into it. TOMCAT_BUILD_FAILED says what is missing. */
export async function provideTomcat(onProgress: (line: string) => void, signal: AbortSignal): Promise<TomcatKit> {
  const directory = join(cacheDirectory(), `tomcat-shop-${fingerprint(SOURCES).slice(0, 16)}`);
  if (!existsSync(directory)) await build(directory, onProgress, signal);
  const home = readdirSync(directory).find((name) => name.startsWith('apache-tomcat-'));
  if (home === undefined) throw new Error(`There is no Tomcat in ${directory}: remove that directory and try again.`);
  return { home: join(directory, home), war: join(directory, 'shop.war'), jdbcDriver: join(directory, 'postgresql.jar') };
}

/** Whether the commands that Tomcat and its build need are there; otherwise which one is not. */
export async function missingForTomcat(): Promise<string | null> {
  if (!(await succeeds('java', ['-version']))) return 'java';
  return (await succeeds('mvn', ['-v'])) ? null : 'mvn';
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
