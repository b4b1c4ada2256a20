// A server beside this process: in a process group of its own, its output in a file, ended with this process at the latest.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeOf } from '../state/process-identity.js';
import { endWithUs, hasEnded, signalGroup, stopProcess } from './child-process.js';

const START_TIMEOUT_MS = 60_000;
/** PostgreSQL's fast shutdown writes what is in memory first. Chosen. */
const ORPHAN_TIMEOUT_MS = 30_000;

export interface ServerOptions {
  file: string;
  args: readonly string[];
  /** Under which account, where that is not ours. */
  account?: { uid: number; gid: number };
  logFile: string;
  /** What ends it in good order. */
  stopSignal: NodeJS.Signals;
  /** What ends it without delay when this process ends before it. */
  killSignal: NodeJS.Signals;
  /** Rejects while it does not serve. */
  serves: () => Promise<void>;
}

export interface ServerProcess {
  pid: number;
  /** Resolves when it has ended, also when it had before. */
  stop(): Promise<void>;
}

/** Starts it and waits until it serves; an error with the end of its output leaves nothing running. */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const { file, args, account, logFile, stopSignal, killSignal, serves } = options;
  const from = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  // Ctrl-C in a terminal does not reach another group: whoever uses the server ends first, in good order.
  const server = spawn(file, args, { ...account, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  endWithUs(server, () => signalGroup(server, killSignal));
  server.stdout.pipe(log, { end: false });
  server.stderr.pipe(log, { end: false });
  const logged = new Promise<void>((resolve) => server.once('close', () => log.end(resolve)));
  try {
    await untilServing(server, serves);
  } catch (error) {
    await stopProcess(server, stopSignal);
    if (server.pid === undefined) throw error;
    await logged;
    const said = (await readFile(logFile)).subarray(from).toString().trim().split('\n').slice(-5).join(' ');
    throw said === '' ? error : new Error(`${(error as Error).message} ${said}`, { cause: error });
  }
  return { pid: server.pid ?? 0, stop: () => stopProcess(server, stopSignal) };
}

async function untilServing(server: ChildProcess, serves: () => Promise<void>): Promise<void> {
  await once(server, 'spawn');
  let unanswered: unknown;
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (hasEnded(server)) throw new Error(`It ended with ${String(server.exitCode ?? server.signalCode)}.`);
    try {
      return await serves();
    } catch (error) {
      unanswered = error;
    }
  }
  throw unanswered;
}

/** Ends servers that have these arguments, whose starter did not live to end them. */
export async function endOrphans(args: readonly string[], signal: NodeJS.Signals): Promise<void> {
  for (const name of await readdir('/proc')) {
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const pid = Number(name);
    const startTime = startTimeOf(pid);
    if (startTime === null || !`\0${command}`.includes(`\0${args.join('\0')}\0`)) continue;
    process.kill(pid, signal);
    for (const deadline = Date.now() + ORPHAN_TIMEOUT_MS; startTimeOf(pid) === startTime && Date.now() < deadline;)
      await sleep(50);
  }
}
