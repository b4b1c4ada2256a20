// Machines that are local processes. They outlive the worker that started them; pid and start time tell one boot from the next.

import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../config/operator-error.js';
import type { MachineConfig } from '../../config/types.js';
import { currentProcess, startTimeOf } from '../../state/process-identity.js';
import type { HypervisorDriver, MachineStatus, OperationOptions } from './driver.js';

const POLL_MS = 20;
/** A shell that writes its pid and becomes the command needs far less. */
const SPAWN_TIMEOUT_MS = 10_000;
/** A start or stop by somebody else may take a graceful stop's time. */
const LOCK_TIMEOUT_MS = 120_000;

export function createProcessDriver(machines: readonly MachineConfig[]): HypervisorDriver {
  const named = (name: string): MachineConfig => {
    const machine = machines.find((candidate) => candidate.name === name);
    if (machine) return machine;
    throw new OperatorError(
      'MACHINE_UNKNOWN',
      `There is no machine "${name}".`,
      'Use a name from pools.*.machines of the configuration.',
      {
        status: 404,
      },
    );
  };
  return {
    status: (name) => status(named(name)),
    start: (name, options) => locked(named(name), options, () => start(named(name), options)),
    stop: (name, options) => locked(named(name), options, () => stop(named(name), options)),
    restart: (name, options) =>
      locked(named(name), options, async () => {
        const now = await status(named(name));
        // Another incarnation is running: the restart that is asked for has been done.
        if (now.power === 'on' && now.incarnation !== options.expect) return now;
        await stop(named(name), options);
        return start(named(name), options);
      }),
    list: () => Promise.resolve(machines.map((machine) => machine.name)),
    capabilities: () => ({ graceful: true, reset: true }),
  };
}

async function status(machine: MachineConfig): Promise<MachineStatus> {
  const pid = await pidOf(machine);
  const startTime = pid === null ? null : startTimeOf(pid);
  if (pid === null || startTime === null || startTime !== (await startTimeOnFile(machine)))
    return { power: 'off', incarnation: null };
  return { power: 'on', incarnation: `${pid}@${startTime}` };
}

async function start(machine: MachineConfig, options: OperationOptions): Promise<MachineStatus> {
  const before = await status(machine);
  if (before.power === 'on') return before;
  await options.guard?.();
  const { command, cwd, env } = machine.driver;
  const output = openSync(file(machine, 'log'), 'a');
  try {
    // The machine writes its own pid and start time before it becomes the command: a worker that dies here loses track of nothing.
    const script = 'echo "$$ $(cut -d" " -f22 /proc/$$/stat 2>/dev/null)" > "$0.tmp" && mv "$0.tmp" "$0" && exec "$@"';
    const child = spawn('sh', ['-c', script, file(machine, 'pid'), ...command], {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', output, output],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
  } finally {
    closeSync(output);
  }
  for (
    const deadline = Date.now() + SPAWN_TIMEOUT_MS;
    Date.now() < deadline;
    await sleep(POLL_MS, undefined, { signal: options.signal })
  ) {
    const now = await status(machine);
    if (now.power === 'on') return now;
  }
  throw new OperatorError('MACHINE_NOT_STARTED', `Machine ${machine.name} ended at once.`, `Read ${file(machine, 'log')}.`, {
    retryable: true,
  });
}

async function stop(machine: MachineConfig, options: OperationOptions): Promise<void> {
  const { power } = await status(machine);
  const pid = await pidOf(machine);
  if (power === 'off' || pid === null) return;
  await options.guard?.();
  signalGroup(pid, 'SIGTERM');
  const forceAt = Date.now() + machine.driver.stopTimeoutMs;
  for (let forced = false; (await status(machine)).power === 'on'; await sleep(POLL_MS, undefined, { signal: options.signal })) {
    if (forced || Date.now() < forceAt) continue;
    forced = true;
    signalGroup(pid, 'SIGKILL');
  }
}

/** The machine leads its process group (it was spawned detached): what it has started ends with it. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** One operation at a time for a machine, whichever worker asks. A lock whose holder is dead is broken. */
async function locked<T>(machine: MachineConfig, { signal }: OperationOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(machine.driver.stateDirectory, { recursive: true });
  const lock = file(machine, 'lock');
  const { pid, startTime } = currentProcess();
  for (const deadline = Date.now() + LOCK_TIMEOUT_MS; ; await sleep(POLL_MS, undefined, { signal })) {
    try {
      await writeFile(lock, `${pid} ${startTime}`, { flag: 'wx' });
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const [holder, since] = (await readFile(lock, 'utf8').catch(() => '')).split(' ');
    if (holder && startTimeOf(Number(holder)) !== since) await rm(lock, { force: true });
    if (Date.now() > deadline) {
      throw new OperatorError(
        'MACHINE_BUSY',
        `Machine ${machine.name} is being started or stopped by process ${holder ?? '?'}.`,
        'Try again later.',
        {
          retryable: true,
        },
      );
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function pidOf(machine: MachineConfig): Promise<number | null> {
  const pid = Number((await readFile(file(machine, 'pid'), 'utf8').catch(() => '')).split(' ')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

async function startTimeOnFile(machine: MachineConfig): Promise<string | null> {
  return (await readFile(file(machine, 'pid'), 'utf8').catch(() => '')).trim().split(' ')[1] ?? null;
}

function file(machine: MachineConfig, suffix: 'pid' | 'log' | 'lock'): string {
  return join(machine.driver.stateDirectory, `${machine.name}.${suffix}`);
}
