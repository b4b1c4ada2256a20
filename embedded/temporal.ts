// Temporal's development server: found, or built from its Go module, and started on loopback.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import { cacheDirectory } from './cache.js';
import { freePort } from './ports.js';

/** The newest release whose module can be built by name: later ones have a replace directive. */
export const TEMPORAL_CLI_VERSION = 'v1.5.1';
/** Chosen: a cold build takes about 4 minutes on two cores. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const START_TIMEOUT_MS = 60_000;

export interface FindOptions {
  onProgress?: (line: string) => void;
  signal: AbortSignal;
}

/** Path of a `temporal` binary: TEMPORAL_CLI, PATH, our cache, or a build by Go into the cache. */
export async function findTemporalCli({ onProgress, signal }: FindOptions): Promise<string> {
  const named = process.env['TEMPORAL_CLI'];
  if (named) return named;
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(directory, 'temporal');
    if (directory && (await isExecutable(candidate))) return candidate;
  }
  const bin = join(cacheDirectory(), `temporal-cli-${TEMPORAL_CLI_VERSION}`);
  const cached = join(bin, 'temporal');
  if (!existsSync(cached)) await buildCli(bin, onProgress ?? (() => undefined), signal);
  return cached;
}

export interface TemporalOptions {
  cli: string;
  /** Holds the database file and the log. */
  directory: string;
  port?: number;
  uiPort?: number;
  onProgress?: (line: string) => void;
}

export interface RunningTemporal {
  address: string;
  uiUrl: string;
  namespace: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts the development server with its web UI and waits until it answers. */
export async function startEmbeddedTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const port = options.port ?? (await freePort());
  const uiPort = options.uiPort ?? (await freePort());
  await mkdir(options.directory, { recursive: true });
  const logFile = join(options.directory, 'temporal.log');
  const log = createWriteStream(logFile, { flags: 'a' });
  const server = spawn(
    options.cli,
    [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--ui-port',
      String(uiPort),
      '--log-level',
      'warn',
    ].concat(['--db-filename', join(options.directory, 'temporal.db')]),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  server.stdout.pipe(log, { end: false });
  server.stderr.pipe(log, { end: false });
  const address = `127.0.0.1:${port}`;
  try {
    await untilServing(server, address);
  } catch (error) {
    await stopProcess(server);
    log.end();
    throw new OperatorError('TEMPORAL_NOT_STARTED', `Temporal's development server did not start.`, `Read ${logFile}.`, {
      cause: error,
    });
  }
  return {
    address,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    namespace: 'default',
    pid: server.pid ?? 0,
    async stop() {
      await stopProcess(server);
      log.end();
    },
  };
}

async function buildCli(bin: string, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
  onProgress(
    `Building Temporal's development server ${TEMPORAL_CLI_VERSION} with Go: about 4 minutes, once, cached outside the repository`,
  );
  await mkdir(bin, { recursive: true });
  const started = Date.now();
  const ticker = setInterval(
    () => onProgress(`  still building Temporal's development server (${Math.round((Date.now() - started) / 1000)} s)`),
    10_000,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      const go = spawn('go', ['install', '-ldflags', '-s -w', `github.com/temporalio/cli/cmd/temporal@${TEMPORAL_CLI_VERSION}`], {
        env: { ...process.env, CGO_ENABLED: '0', GOBIN: bin },
        stdio: ['ignore', 'ignore', 'pipe'],
        signal: AbortSignal.any([signal, AbortSignal.timeout(BUILD_TIMEOUT_MS)]),
      });
      let tail = '';
      go.stderr.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-500)));
      go.once('error', reject);
      go.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`go install ended with ${String(code)}: ${tail}`))));
    });
  } catch (error) {
    throw new OperatorError(
      'TEMPORAL_CLI_MISSING',
      "Temporal's development server was not found in TEMPORAL_CLI, on PATH or in the cache, and Go could not build it.",
      'Install the Temporal CLI (https://docs.temporal.io/cli) or Go, or name a binary in TEMPORAL_CLI.',
      { cause: error },
    );
  } finally {
    clearInterval(ticker);
  }
}

async function untilServing(server: ChildProcess, address: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`It ended with ${server.exitCode}.`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(force);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
