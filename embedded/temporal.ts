// Temporal's development server with its web UI, started on loopback.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import { freePort } from './ports.js';

const START_TIMEOUT_MS = 60_000;

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
