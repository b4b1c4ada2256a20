// Runs a shell command while users load the shop at ORIGIN and check every answer; prints what they saw, and fails if they lost anything.
// under-load.js ORIGIN COMMAND [STEP MEANWHILE]: also runs MEANWHILE once that step of the clean restart runs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../../demo/load/start-load.js';
import { whileRunning } from '../../demo/while-running.js';
import { connectTemporal } from '../../worker/temporal-client.js';
import type { cleanRestart } from '../../workflows/clean-restart.js';

const [origin = '', command = '', step, meanwhile] = process.argv.slice(2);
const WORKFLOW_ID = 'clean-restart/shop';
const MAX_SECONDS = 180;
const USERS = 40;
/** The drain waits for it, so that the step lasts long enough to be met by a slow command. */
const LONG_REQUEST_MS = 20_000;

const signal = AbortSignal.timeout(MAX_SECONDS * 1000);
const load = startLoad({
  origins: [origin],
  users: USERS,
  rate: 100,
  seed: 1,
  maxSeconds: MAX_SECONDS,
  slowMs: 300,
  slowShare: 0.01,
});
try {
  while ((load.progress()?.requests ?? 0) < 3 * USERS) await sleep(100, undefined, { signal });
  const { result, report } = await load.during(() => Promise.all([run(command), longRequest(), interfere()]));
  const [exitCode, longStatus, interfered] = result;
  console.log(JSON.stringify({ exitCode, longStatus, interfered, ...report }));
  const lost = report.failed + report.sessionsLost + report.updatesLost;
  if (exitCode !== 0 || longStatus !== 200 || !interfered || lost > 0 || report.requests === 0) process.exitCode = 1;
} finally {
  await load.stop();
}

async function run(shellCommand: string): Promise<number> {
  const child = spawn('bash', ['-c', shellCommand], { stdio: 'inherit', signal });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function longRequest(): Promise<number> {
  if (step === undefined) return 200;
  const response = await fetch(`${origin}/shop/slow?ms=${LONG_REQUEST_MS}&item=long`, { method: 'POST', signal });
  await response.text();
  return response.status;
}

async function interfere(): Promise<boolean> {
  if (step === undefined || meanwhile === undefined) return true;
  const client = await connectTemporal({
    address: '127.0.0.1:7233',
    addressIsGiven: true,
    namespace: 'default',
    taskQueue: 'vm-rejuv',
  });
  try {
    const handle = client.workflow.getHandle<typeof cleanRestart>(WORKFLOW_ID);
    let done: Promise<number> = Promise.resolve(1);
    const act = (): void => void (done = run(meanwhile));
    // An earlier run has the same id, and its end is not the end of this one.
    while (!(await whileRunning(step, handle, act, signal))) await sleep(20, undefined, { signal });
    const code = await done;
    const { status } = await handle.describe();
    console.log(`In ${step}: "${meanwhile}" ended with ${code} while the restart was ${status.name}`);
    return code === 0 && status.name === 'RUNNING';
  } finally {
    await client.connection.close();
  }
}
