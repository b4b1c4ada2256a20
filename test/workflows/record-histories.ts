// node dist/test/workflows/record-histories.js: records how the workflow runs today, for test/workflows/replay.test.ts to hold it to.
// Recorded histories are frozen: add new ones beside them when the workflow changes (workflow.patched), do not replace them.

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { Installation } from '../../demo/installation.js';
import { whileRunning } from '../../demo/while-running.js';
import { Closing } from '../../embedded/closing.js';
import { startTemporaryServers } from '../../embedded/servers.js';
import { openDatabase } from '../../state/database.js';
import { readPool } from '../../state/pool.js';
import type { CleanRestartHandle, RunHandle } from '../../worker/temporal-client.js';
import { connectTemporal, startCleanRestart } from '../../worker/temporal-client.js';
import type { failOver } from '../../workflows/fail-over.js';
import { failOverOf } from '../../workflows/workflow-ids.js';
import { abortUpdate, retryUpdate, skipUpdate, statusQuery } from '../../workflows/messages.js';
import type { RestartStatus } from '../../workflows/steps.js';
import { STEPS } from '../../workflows/steps.js';
import type { rejuvenateFleet } from '../../workflows/rejuvenate-fleet.js';
import type { supervisePool } from '../../workflows/supervise-pool.js';
import type { PoolStatus } from '../../workflows/supervision.js';
import {
  agingDetectedSignal,
  approveUpdate,
  pauseUpdate,
  poolStatusQuery,
  rejectUpdate,
  rejuvenateSignal,
  resumeUpdate,
} from '../../workflows/supervisor-messages.js';
import { obstinateShop } from '../fixtures/obstinate-shop.js';

const target = process.argv[2] ?? 'test/workflows/histories';
const signal = AbortSignal.timeout(300_000);
await mkdir(target, { recursive: true });
const closing = new Closing();
try {
  await recordAll();
} finally {
  await closing.close();
}

async function recordAll(): Promise<void> {
  const onProgress = (line: string): void => console.error(line);
  const { directory, postgres, temporal, temporalCli, close } = await startTemporaryServers({
    purpose: 'record',
    onProgress,
    signal,
  });
  closing.add(close);
  const shop = join(directory, 'shop');
  const {
    shop: obstinate,
    block,
    clear,
  } = obstinateShop({
    health: { path: '/shop/health', bootTimeoutMs: 2000 },
    policy: { mode: 'approval', cooldownMs: 0, mostPerDay: 50 },
  });
  const installation = await Installation.create({
    directory: shop,
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    pool: await obstinate(shop, postgres.url),
  });
  closing.add(() => installation.close());
  const client = await connectTemporal(installation.config.temporal);
  closing.add(() => client.connection.close());
  const start = (): Promise<CleanRestartHandle> =>
    startCleanRestart(client, installation.config.temporal, installation.pool.name, 'recorded');
  const record = async (
    name: string,
    { workflowId, firstExecutionRunId }: Pick<CleanRestartHandle, 'workflowId'> & { firstExecutionRunId?: string },
  ): Promise<void> => {
    const run = firstExecutionRunId === undefined ? [] : ['--run-id', firstExecutionRunId];
    const which = ['--workflow-id', workflowId, ...run];
    const { stdout } = await promisify(execFile)(
      temporalCli,
      ['workflow', 'show', ...which, '--address', temporal.address, '--output', 'json'],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    const history = withoutTraces(JSON.parse(stdout.replaceAll(directory, '/srv'))) as { events: unknown[] };
    await writeFile(join(target, `${name}.json`), `${JSON.stringify(history)}\n`);
    console.log(`${name}: ${history.events.length} events`);
  };

  let worker = await installation.startWorker();
  const refused = await start();
  await refused.result().catch(() => undefined);
  await record('refused-without-proxy', refused);
  await installation.bootMachines();
  const proxy = await installation.startProxy();
  const finished = await start();
  await finished.result();
  await record('finished', finished);
  for (const step of STEPS) {
    const handle = await start();
    const killed = await whileRunning(step, handle, () => worker.signal('SIGKILL'), signal);
    if (killed) {
      await record(`midway-${step}`, handle);
      worker = await installation.startWorker(`worker-after-${step}`);
    }
    await handle.result();
    if (step === 'migrateSessions') await record('retried-after-crash', handle);
  }

  const supervisor = client.workflow.getHandle<typeof supervisePool>(`pool/${installation.pool.name}`);
  await supervisor.signal(agingDetectedSignal, { evidence: 'recorded' });
  await untilSupervised(supervisor, 'waiting-for-approval');
  await record('supervisor-midway-asking', supervisor);
  await supervisor.executeUpdate(approveUpdate, { args: [{ reason: 'recorded' }] });
  await untilSupervised(supervisor, 'restarting');
  await record('supervisor-midway-restarting', supervisor);
  await untilSupervised(supervisor, 'watching');
  await supervisor.executeUpdate(pauseUpdate, { args: [{ reason: 'recorded' }] });
  await supervisor.signal(rejuvenateSignal, {});
  await supervisor.executeUpdate(resumeUpdate, { args: [{}] });
  await supervisor.signal(agingDetectedSignal, {});
  await untilSupervised(supervisor, 'waiting-for-approval');
  await supervisor.executeUpdate(rejectUpdate, { args: [{}] });
  await record('supervisor', supervisor);
  const fleet = await client.workflow.start<typeof rejuvenateFleet>('rejuvenateFleet', {
    ...{ workflowId: 'fleet', taskQueue: installation.config.temporal.taskQueue },
    args: [{ pools: [installation.pool.name] }],
  });
  await fleet.result();
  await record('fleet', fleet);

  await block();
  await createDriver(installation.pool).stop(await activeMachine(postgres.url, installation.pool.name), { signal });
  const failingOver = client.workflow.getHandle<typeof failOver>(failOverOf(installation.pool.name));
  await untilStatus(failingOver, ({ waiting }) => waiting !== null);
  await record('fail-over-waiting-for-operator', failingOver);
  await clear();
  await failingOver.executeUpdate(retryUpdate, { args: [{ reason: 'recorded' }] });
  await failingOver.result();
  await record('fail-over', failingOver);
  await untilSupervised(supervisor, 'watching');
  await record('supervisor-failed-over', supervisor);

  const terminated = await start();
  await whileRunning('migrateSessions', terminated, () => undefined, signal);
  await terminated.terminate('recorded');
  const takingOver = await start();
  await takingOver.result();
  await record('taken-over', takingOver);

  const slow = beginSlowRequest(proxy.url);
  const late = await start();
  await untilStatus(late, ({ step }) => step === 'awaitDrain');
  await late.cancel();
  await slow;
  await late.result();
  await record('cancelled-past-return', late);

  const skipped = await start();
  await untilStatus(skipped, ({ step }) => step === 'migrateSessions' || step === 'awaitDrain');
  await block();
  await untilStatus(skipped, ({ waiting }) => waiting !== null);
  await skipped.executeUpdate(retryUpdate, { args: [{ reason: 'recorded' }] });
  await untilStatus(skipped, ({ waiting }) => waiting !== null);
  await record('waiting-for-operator', skipped);
  await skipped.executeUpdate(skipUpdate, { args: [{ reason: 'recorded' }] });
  await skipped.result();
  await record('retried-and-skipped', skipped);

  const aborted = await start();
  await untilStatus(aborted, ({ step }) => step === 'bootStandby');
  await aborted.executeUpdate(abortUpdate, { args: [{ reason: 'recorded' }] });
  await aborted.result().catch(() => undefined);
  await record('aborted', aborted);
}

/** Without this the drain would be over before anybody could say something. */
async function beginSlowRequest(url: string): Promise<void> {
  const begun = await fetch(`${url}/shop/cart`);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  await fetch(`${url}/shop/slow?ms=6000`, { headers: { cookie } });
}

async function activeMachine(databaseUrl: string, pool: string): Promise<string> {
  const database = openDatabase(databaseUrl);
  const { active } = await readPool(database, pool).finally(() => database.end());
  return active;
}

/** One that is not there yet is waited for as well. */
async function untilStatus(handle: Pick<RunHandle, 'query'>, reached: (status: RestartStatus) => boolean): Promise<void> {
  for (;;) {
    const status = await handle.query(statusQuery).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    if (status !== null && reached(status)) return;
    await sleep(20, undefined, { signal });
  }
}

async function untilSupervised(supervisor: WorkflowHandle<typeof supervisePool>, state: PoolStatus['state']): Promise<void> {
  while ((await supervisor.query(poolStatusQuery)).state !== state) await sleep(20, undefined, { signal });
}

/** Without what tells of the machine that it was recorded on. */
function withoutTraces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTraces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'stackTrace')
      .map(([key, inner]) => [key, key === 'identity' ? 'recorded' : withoutTraces(inner)]),
  );
}
