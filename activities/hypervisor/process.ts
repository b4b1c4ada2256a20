// Machines that are local processes. They outlive the worker that started them; pid and start time tell one boot from the next.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { openSync, closeSync } from 'node:fs';
import { access, constants, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../config/error-code.js';
import { OperatorError } from '../../config/operator-error.js';
import type { ProcessDriverConfig } from '../../config/types.js';
import { startTimeOf } from '../../state/process-identity.js';
import type { MachineDriver, MachineStatus, OperationOptions } from './driver.js';
import { oneAtATime } from './machine-lock.js';
import { leftBehind, markOf, memoryBytesOf, processesOf, signalAll, stillRunning } from './machine-processes.js';

const POLL_MS = 20;
/** A shell that writes its pid and becomes the command needs far less. */
const SPAWN_TIMEOUT_MS = 10_000;
/** A machine that runs for so long has started; what ends later is seen by its health check. Chosen. */
const SETTLE_MS = 200;
/** environ(7), locale(7), and where Java is. */
const LOGIN_VARIABLES = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LC_.*|JAVA_HOME|JRE_HOME)$/;

interface ProcessMachine {
  name: string;
  driver: ProcessDriverConfig;
}

export function createProcessDriver(name: string, driver: ProcessDriverConfig): MachineDriver {
  const machine = { name, driver };
  return {
    status: () => status(machine),
    start: async (options) => {
      if ((await status(machine)).power === 'off') await verify(machine);
      return locked(machine, options, () => start(machine, options));
    },
    stop: (options) => locked(machine, options, () => stop(machine, options)),
    restart: (options) =>
      locked(machine, options, async () => {
        const now = await status(machine);
        // Another incarnation is running: the restart that is asked for has been done.
        if (now.power === 'on' && now.incarnation !== options.expect) return now;
        await stop(machine, options);
        return start(machine, options);
      }),
    rollBack: () => Promise.resolve(null),
    keep: () => Promise.resolve(),
    verify: () => verify(machine),
    identity: async () => `process ${await identityOf(machine)}`,
    memoryBytes: () => memoryOf(machine),
    memoryUse: async () => {
      const usedBytes = await memoryOf(machine);
      return usedBytes === null ? null : { usedBytes, limitBytes: null };
    },
    output: () => file(machine, 'log'),
    capabilities: () => ({ graceful: true, reset: true }),
  };
}

async function memoryOf(machine: ProcessMachine): Promise<number | null> {
  const { pid } = await recorded(machine);
  return pid === null || (await status(machine)).power === 'off' ? null : memoryBytesOf(processesOf(pid));
}

async function status(machine: ProcessMachine): Promise<MachineStatus> {
  const { pid, startTime, startedAs } = await recorded(machine);
  if (pid === null || startTime === null || startTimeOf(pid) !== startTime) return { power: 'off', incarnation: null };
  const asConfigured = startedAs === null || startedAs === fingerprint(machine);
  return { power: 'on', incarnation: `${pid}@${startTime}`, ...(asConfigured ? {} : { asConfigured }) };
}

async function verify(machine: ProcessMachine): Promise<void> {
  const { cwd, command, env, stateDirectory } = machine.driver;
  const refuse = (field: string, why: string): OperatorError =>
    new OperatorError(
      'MACHINE_NOT_STARTABLE',
      `Machine ${machine.name} could not be started: driver.${field} ${why}.`,
      `Correct driver.${field} of the machine in the configuration, or make it true on this host.`,
    );
  if (!(await stat(cwd).catch(() => null))?.isDirectory()) throw refuse('cwd', `names ${cwd}, which is no directory`);
  if ((await stat(stateDirectory).catch(() => null))?.isDirectory() === false)
    throw refuse('stateDirectory', `names ${stateDirectory}, which is no directory`);
  const [program = ''] = command;
  const directories = program.includes('/') ? [''] : (env['PATH'] ?? process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(directories.map((directory) => isProgram(resolve(cwd, directory, program))));
  if (!found.includes(true)) throw refuse('command', `begins with ${program}, which is no program that we may run`);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** What the configuration says of how a machine is started. The environment may hold secrets, so the file that holds this is ours alone. */
function fingerprint({ driver: { command, cwd, env } }: ProcessMachine): string {
  const ordered = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([command, cwd, ordered]))
    .digest('hex')
    .slice(0, 8);
}

async function start(machine: ProcessMachine, options: OperationOptions): Promise<MachineStatus> {
  const before = await status(machine);
  if (before.power === 'on') return before;
  // Its first process may have ended by itself, and left others behind that have its ports.
  await stop(machine, options);
  await options.guard?.();
  const child = await spawnMachine(machine).catch((cause: unknown) => {
    throw notStarted(machine, cause);
  });
  let onSince: number | null = null;
  const deadline = performance.now() + SPAWN_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const now = await status(machine);
    if (now.power === 'on' && performance.now() - (onSince ??= performance.now()) > SETTLE_MS) return now;
    // Until it has written its pid, within milliseconds, nobody knows of it: broken off then, the next attempt would start another beside it.
    await sleep(POLL_MS, undefined, onSince === null ? {} : { signal: options.signal });
  }
  throw notStarted(machine);
}

async function spawnMachine(machine: ProcessMachine): Promise<ChildProcess> {
  const { command, cwd, env } = machine.driver;
  const output = openSync(file(machine, 'log'), 'a');
  try {
    // The machine writes its own pid and start time before it becomes the command: a worker that dies here loses track of nothing.
    const script =
      'command -v "$1" >/dev/null || { echo "$1: not found"; exit 127; }; ' +
      '(umask 077; echo "$$ $(cut -d" " -f22 /proc/$$/stat 2>/dev/null) $VM_REJUV_STARTED_AS" > "$0.tmp") && mv "$0.tmp" "$0" && ' +
      'unset VM_REJUV_STARTED_AS && exec "$@"';
    const child = spawn('sh', ['-c', script, file(machine, 'pid'), ...command], {
      cwd,
      env: { ...loginEnvironment(), ...env, ...markOf(file(machine, 'pid')), VM_REJUV_STARTED_AS: fingerprint(machine) },
      detached: true,
      stdio: ['ignore', output, output],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

async function stop(machine: ProcessMachine, options: OperationOptions): Promise<void> {
  const { power } = await status(machine);
  const { pid } = await recorded(machine);
  if (pid === null) return;
  const group = power === 'on' ? pid : null;
  // A script that started the server without exec may have ended before it.
  let left = group === null ? leftBehind(file(machine, 'pid')) : processesOf(group);
  if (left.length === 0) return;
  await options.guard?.();
  signalAll(group, left, 'SIGTERM');
  const forceAt = performance.now() + machine.driver.stopTimeoutMs;
  let forced = false;
  while ((left = stillRunning(left, group)).length > 0) {
    if (!forced && performance.now() >= forceAt) {
      forced = true;
      signalAll(group, left, 'SIGKILL');
    }
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

/** What a log-in would give it: the worker's own environment holds secrets that are none of the application's business. */
function loginEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => LOGIN_VARIABLES.test(name)));
}

async function locked<T>(machine: ProcessMachine, { signal }: OperationOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(machine.driver.stateDirectory, { recursive: true });
  return oneAtATime(machine.name, await identityOf(machine), signal, work);
}

/** Wherever links lead. */
async function identityOf({ name, driver: { stateDirectory } }: ProcessMachine): Promise<string> {
  return join(await realpath(stateDirectory).catch(() => stateDirectory), name);
}

/** Tried again it would end again: that is for an operator to look at. */
function notStarted(machine: ProcessMachine, cause?: unknown): OperatorError {
  return new OperatorError('MACHINE_NOT_STARTED', `Machine ${machine.name} ended at once.`, `Read ${file(machine, 'log')}.`, {
    cause,
  });
}

/** What the machine wrote about itself when it booted last; pid null where it never did. MACHINE_STATE_UNKNOWN where that cannot be read. */
async function recorded(
  machine: ProcessMachine,
): Promise<{ pid: number | null; startTime: string | null; startedAs: string | null }> {
  const text = await readFile(file(machine, 'pid'), 'utf8').catch((cause: unknown) => {
    if (/^(ENOENT|ENOTDIR)$/.test(codeOf(cause))) return null;
    throw stateUnknown(
      machine,
      `cannot be read (${codeOf(cause)})`,
      'Run this command as the account that has started the machine.',
    );
  });
  if (text === null) return { pid: null, startTime: null, startedAs: null };
  const [, pid, startTime = null, startedAs = null] = /^([1-9]\d*) (\d+)(?: (\w+))?$/.exec(text.trim()) ?? [];
  if (pid === undefined) {
    throw stateUnknown(machine, 'does not hold pid and start time', 'End what runs of the machine by hand, and remove the file.');
  }
  return { pid: Number(pid), startTime, startedAs };
}

function stateUnknown(machine: ProcessMachine, why: string, remedy: string): OperatorError {
  const message = `Nobody knows whether machine ${machine.name} runs: ${file(machine, 'pid')} ${why}.`;
  return new OperatorError('MACHINE_STATE_UNKNOWN', message, remedy);
}

function file(machine: ProcessMachine, suffix: 'pid' | 'log'): string {
  return join(machine.driver.stateDirectory, `${machine.name}.${suffix}`);
}
