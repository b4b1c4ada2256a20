// A server beside this process: in a process group of its own, its output in a file, ended with this process unless that is killed.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
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
  // A disk that is full must not end whoever serves traffic.
  log.on('error', () => undefined);
  // Ctrl-C in a terminal does not reach another group: whoever uses the server ends first, in good order.
  const server = spawn(file, args, { ...account, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  endWithUs(server, () => signalGroup(server, killSignal));
  server.stdout.pipe(log, { end: false });
  server.stderr.pipe(log, { end: false });
  const logged = new Promise<void>((resolve) => server.once('close', () => log.end(() => resolve())));
  try {
    await untilServing(server, serves);
  } catch (error) {
    await stopProcess(server, stopSignal);
    if (server.pid === undefined) throw error;
    await logged;
    const said = (await readFile(logFile).catch(() => Buffer.alloc(0)))
      .subarray(from)
      .toString()
      .trim()
      .split('\n')
      .slice(-5)
      .join(' ');
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

/**
 * Ends servers of this program with these arguments, whose starter did not live to end them; the caller has made sure of that.
 * An Error when one cannot be ended.
 */
export async function endOrphans(program: string, args: readonly string[], signal: NodeJS.Signals): Promise<void> {
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    const startTime = startTimeOf(pid);
    if (startTime === null || !(await isServer(pid, program, args))) continue;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has ended by itself.
      if (startTimeOf(pid) !== startTime) continue;
      throw error;
    }
    for (const deadline = Date.now() + ORPHAN_TIMEOUT_MS; startTimeOf(pid) === startTime; await sleep(50)) {
      if (Date.now() > deadline) throw new Error(`Process ${pid}, which an earlier start has left behind, does not end.`);
    }
  }
}

/** In another container the same path is another file. */
async function isServer(pid: number, program: string, args: readonly string[]): Promise<boolean> {
  try {
    const [file = '', ...given] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const isHere = (await readlink(`/proc/${pid}/ns/pid`)) === (await readlink('/proc/self/ns/pid'));
    return isHere && basename(file) === program && `\0${given.join('\0')}`.includes(`\0${args.join('\0')}\0`);
  } catch {
    return false;
  }
}
