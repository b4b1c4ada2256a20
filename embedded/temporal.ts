// Temporal's development server with its web UI, started on loopback.

import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';
import { OperatorError } from '../config/operator-error.js';
import { withPorts } from './ports.js';
import type { ServerProcess } from './server-process.js';
import { endOrphans, startServerProcess } from './server-process.js';

const DEFAULT_NAMESPACE = 'default';

export interface TemporalOptions {
  cli: string;
  /** Holds the database file and the log. */
  directory: string;
  /** The first of these that is free, else any free one. */
  ports?: readonly number[];
  uiPorts?: readonly number[];
  /** Made where it is missing. */
  namespace?: string;
}

export interface RunningTemporal extends ServerProcess {
  address: string;
  port: number;
  uiUrl: string;
  uiPort: number;
  namespace: string;
}

/** Starts the development server with its web UI and waits until it answers. TEMPORAL_NOT_STARTED leaves nothing running. */
export async function startEmbeddedTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const logFile = join(options.directory, 'temporal.log');
  try {
    // Its histories have what operators have said.
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    await endOrphans(basename(options.cli), storageIn(options.directory), 'SIGTERM');
    const { ports = [], uiPorts = [] } = options;
    return await withPorts([ports, uiPorts], ([port = 0, uiPort = 0]) => start(options, logFile, port, uiPort));
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
  const { namespace = DEFAULT_NAMESPACE } = options;
  const address = `127.0.0.1:${port}`;
  const listen = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  const storage = storageIn(options.directory);
  // Added later by a worker, they would take a while to be known everywhere.
  const attributes = SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  const server = await startServerProcess({
    file: options.cli,
    args: ['server', 'start-dev', ...listen, ...storage, ...attributes, '--namespace', namespace, '--log-level', 'warn'],
    ...{ logFile, stopSignal: 'SIGTERM', killSignal: 'SIGKILL' },
    serves: async () => {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.workflowService.describeNamespace({ namespace }).finally(() => connection.close());
    },
  });
  return { ...server, address, port, uiUrl: `http://127.0.0.1:${uiPort}`, uiPort, namespace };
}

function storageIn(directory: string): string[] {
  return ['--db-filename', join(directory, 'temporal.db')];
}
