// Temporal's development server with its web UI, started on loopback.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import { hasEnded, stopProcess } from './child-process.js';
import { isPortFree, withPorts } from './ports.js';

const START_TIMEOUT_MS = 60_000;
const DEFAULT_NAMESPACE = 'default';

export interface TemporalOptions {
  cli: string;
  /** Holds the database file and the log. */
  directory: string;
  port?: number | undefined;
  uiPort?: number | undefined;
  /** Made where it is missing. */
  namespace?: string;
}

export interface RunningTemporal {
  address: string;
  port: number;
  uiUrl: string;
  uiPort: number;
  namespace: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts the development server with its web UI and waits until it answers. TEMPORAL_NOT_STARTED leaves nothing running. */
export async function startEmbeddedTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const logFile = join(options.directory, 'temporal.log');
  try {
    await mkdir(options.directory, { recursive: true });
    return await withPorts([options.port, options.uiPort], ([port = 0, uiPort = 0]) => start(options, logFile, port, uiPort));
  } catch (cause) {
    throw new OperatorError(
      'TEMPORAL_NOT_STARTED',
      `Temporal's development server did not start: ${cause instanceof Error ? cause.message : String(cause)}`,
      `Read ${logFile}; TEMPORAL_CLI names another binary.`,
      { cause },
    );
  }
}

async function start(options: TemporalOptions, logFile: string, port: number, uiPort: number): Promise<RunningTemporal> {
  for (const wanted of [port, uiPort]) {
    // Somebody else's server would answer in its place.
    if (!(await isPortFree(wanted))) throw new Error(`Port ${wanted} is taken.`);
  }
  const { namespace = DEFAULT_NAMESPACE } = options;
  const log = createWriteStream(logFile, { flags: 'a' });
  const listen = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  const storage = ['--db-filename', join(options.directory, 'temporal.db')];
  const server = spawn(
    options.cli,
    ['server', 'start-dev', ...listen, ...storage, '--namespace', namespace, '--log-level', 'warn'],
    // In a process group of its own, Ctrl-C does not reach it: clients that are closed after it has gone crash on their retries.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  server.stdout.pipe(log, { end: false });
  server.stderr.pipe(log, { end: false });
  server.once('close', () => log.end());
  const address = `127.0.0.1:${port}`;
  try {
    await untilServing(server, address, namespace);
  } catch (error) {
    await stopProcess(server);
    throw error;
  }
  return {
    ...{ address, port, uiUrl: `http://127.0.0.1:${uiPort}`, uiPort, namespace },
    pid: server.pid ?? 0,
    stop: () => stopProcess(server),
  };
}

async function untilServing(server: ChildProcess, address: string, namespace: string): Promise<void> {
  await once(server, 'spawn');
  let unanswered: unknown;
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(100)) {
    if (hasEnded(server)) throw new Error(`It ended with ${String(server.exitCode ?? server.signalCode)}.`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.workflowService.describeNamespace({ namespace }).finally(() => connection.close());
      return;
    } catch (error) {
      unanswered = error;
    }
  }
  throw unanswered;
}
