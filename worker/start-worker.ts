// The controller's composition root: builds what the activities need and polls Temporal.

import { readFile } from 'node:fs/promises';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.js';
import { createActivities } from '../activities/index.js';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import { createMechanism } from '../activities/sessions/create-mechanism.js';
import type { Config } from '../config/types.js';
import type { RunningMonitors } from '../monitor/start-monitors.js';
import { startMonitors } from '../monitor/start-monitors.js';
import { openDatabase } from '../state/database.js';
import { loadSessionKeyHash } from '../state/installation.js';
import { migrate } from '../state/migrate.js';
import { ensurePool } from '../state/pool.js';
import { temporalUnreachable } from './ask-temporal.js';
import { createLogger, namePools } from './log.js';
import { createRunLog } from './run-log.js';
import { createRestarts } from './restarts.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { ensureSupervisors, reportsTo } from './supervisors.js';
import { connectTemporal, isRunOpen } from './temporal-client.js';

/** A deploy lets a step finish what it is doing, for this long. Chosen: longer than a batch, shorter than an operator's patience. */
const SHUTDOWN_GRACE_MS = 5000;

/** How long Temporal keeps a workflow's task for a worker that may be dead. Its default of 10 s would be most of a crash's cost; replays are short here. */
const STICKY_TIMEOUT_MS = 500;
/**
 * Of one turn of a workflow, which takes milliseconds, and a flood of signals to a supervisor on a slow host some seconds. What V8 breaks off
 * in the middle may leave Node's async hooks corrupted, which ends the worker. Chosen: far above.
 */
const ACTIVATION_TIMEOUT_MS = 60_000;

/** The SDK's own default. */
const ACTIVITIES = 100;
/** Whoever follows a restart must not take the place of its steps. */
const FOR_EACH_POOL = 2;

export interface RunningWorker {
  /** Settles when the worker has ended. */
  done: Promise<void>;
  close(): Promise<void>;
}

/** `makeDriver` makes the driver of a pool; another one than the shipped is for who tests what hypervisors do. */
export async function startWorker(config: Config, makeDriver: ActivityDeps['driverFor'] = createDriver): Promise<RunningWorker> {
  installRuntime();
  await migrate(config.database.url);
  const database = openDatabase(config.database.url);
  const client = await connectTemporal(config.temporal);
  const native = await NativeConnection.connect({ address: config.temporal.address }).catch((cause: unknown) => {
    throw temporalUnreachable(config.temporal.address, cause);
  });
  const hash = await loadSessionKeyHash(database);
  for (const pool of Object.values(config.pools)) await ensurePool(database, pool);
  const drivers = new Map(Object.values(config.pools).map((pool) => [pool.name, makeDriver(pool)]));
  const mechanisms = new Map(Object.values(config.pools).map((pool) => [pool.name, createMechanism(pool, hash)]));

  const worker = await Worker.create({
    connection: native,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    workflowBundle: { code: await readFile(bundleUrl(), 'utf8') },
    activities: createActivities({
      config,
      database,
      driverFor: ({ name }) => of(drivers, name),
      mechanismFor: ({ name }) => of(mechanisms, name),
      isRunOpen: (run) => isRunOpen(client, config.temporal, run),
      restarts: createRestarts(client, config.temporal),
      canList: await ensureSearchAttributes(client, config.temporal.namespace),
    }),
    interceptors: { activity: [namePools, createRunLog(Runtime.instance().logger)] },
    maxConcurrentActivityTaskExecutions: ACTIVITIES + FOR_EACH_POOL * Object.keys(config.pools).length,
    shutdownGraceTime: SHUTDOWN_GRACE_MS,
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT_MS,
    // The SDK takes it, and its type does not have it.
    ...{ isolateExecutionTimeout: ACTIVATION_TIMEOUT_MS },
  });
  let monitors: RunningMonitors | null = null;
  let isOver = false;
  const done = worker.run().finally(async () => {
    isOver = true;
    await monitors?.close();
    await Promise.all([...mechanisms.values()].map((mechanism) => mechanism.close()));
    await native.close();
    await client.connection.close();
    await database.end();
  });
  await ensureSupervisors(client, config.temporal, Object.values(config.pools));
  // It may have been told to end meanwhile, and its database be closed.
  if (!isOver)
    monitors = startMonitors({
      ...{ config, database },
      driverFor: ({ name }) => of(drivers, name),
      reportsFor: ({ name }) => reportsTo(client, config.temporal, name),
      isRunOpen: (run) => isRunOpen(client, config.temporal, run),
      log: (message, level = 'warn') => void Runtime.instance().logger[level](message),
    });
  return {
    done,
    async close() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}

let installed = false;

/** Once a process: its warnings go to standard error, and nothing else does. */
function installRuntime(): void {
  if (installed) return;
  installed = true;
  // Its native part writes to the console by itself otherwise, in lines and colours of its own.
  const logging = { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } as const;
  Runtime.install({ logger: createLogger(), telemetryOptions: { logging }, shutdownSignals: [] });
}

/** `npm run build` writes it; sources that run uncompiled (tests) use the same file. */
function bundleUrl(): URL {
  return import.meta.url.includes('/dist/')
    ? new URL('../workflow-bundle.js', import.meta.url)
    : new URL('../dist/workflow-bundle.js', import.meta.url);
}

function of<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`No pool "${name}".`);
  return value;
}
