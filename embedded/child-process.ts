// Child processes: run to their end, stopped, or started and waited for until they say on a line of JSON that they are ready.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { OperatorError } from '../config/operator-error.js';
import { TimeLimitError, within } from '../config/within.js';

const READY_TIMEOUT_MS = 60_000;
/** A process that was told to end and has not is killed after this. Chosen: longer than a proxy's own drain. */
const STOP_TIMEOUT_MS = 15_000;
/** How much of a failed command's output is repeated. */
const TAIL_LENGTH = 800;

export interface RunOptions {
  env?: Record<string, string>;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Runs a command; an Error with the end of its output unless it ends with 0. Killed, and gone, when aborted or too slow. */
export async function runToEnd(file: string, args: readonly string[], { env, timeoutMs, signal }: RunOptions): Promise<void> {
  signal?.throwIfAborted();
  // It leads a process group: what a build has started is killed with it.
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const kill = (): void => signalGroup(child, 'SIGKILL');
  endWithUs(child, kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-TAIL_LENGTH)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const code = await within(timeoutMs, signal, (limited) => {
    limited.addEventListener('abort', kill);
    return ended;
  }).catch(async (error: unknown) => {
    await ended.catch(() => undefined);
    if (!(error instanceof TimeLimitError)) throw error;
    throw new Error(`${file} took longer than ${timeoutMs / 1000} s: ${output.trim()}`);
  });
  if (code !== 0) throw new Error(`${file} ended with ${String(code ?? child.signalCode)}: ${output.trim()}`);
}

/** Sends `signal`, then SIGKILL; resolves when the process has ended, at once when it had before. */
export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(force);
}

/** One listener for all of them, however many there are. */
const ends = new Set<() => void>();
process.on('exit', () => {
  for (const end of ends) end();
});

/** Calls `end` when this process ends before the child, in whatever way but by a signal that nobody handles. */
export function endWithUs(child: ChildProcess, end: () => void): void {
  ends.add(end);
  child.once('close', () => ends.delete(end));
}

/** To a child that was started detached, and whatever it has started. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && !hasEnded(child)) process.kill(-child.pid, signal);
}

/** Also true of a process that could not be started at all. */
export function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

export interface ChildOptions {
  name: string;
  command: string[];
  env: Record<string, string>;
  logFile: string;
  signal?: AbortSignal;
}

export interface ReadyChild {
  pid: number;
  /** The line in which it said that it is ready. */
  ready: Record<string, unknown>;
  /** Sends a signal without waiting for its effect. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
  /** Resolves with its exit code, or null when a signal ended it. */
  ended: Promise<number | null>;
}

/**
 * Starts the process and waits for its `{"ready": true, ...}`. Its own `{"error": {"code", "message", "remedy"}}` is thrown as that
 * OperatorError; an end before either is an error with the end of its log.
 */
export async function startReadyChild({ name, command, env, logFile, signal }: ChildOptions): Promise<ReadyChild> {
  signal?.throwIfAborted();
  const log = createWriteStream(logFile, { flags: 'a' });
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(child, () => void child.kill('SIGKILL'));
  child.stderr.pipe(log, { end: false });
  const lines = createInterface({ input: child.stdout }).on('line', (line) => log.write(`${line}\n`));
  // After `close` nothing more can arrive for the log; `exit` may come before the last lines.
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => log.end(() => resolve(code))));
  const untilReady = (limited: AbortSignal): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      limited.addEventListener('abort', () => reject(limited.reason as Error), { once: true });
      lines.on('line', (line) => {
        const said = line.startsWith('{') ? parse(line) : {};
        if (said['ready'] === true) resolve(said);
        if (said['error'] !== undefined) reject(reported(said['error']));
      });
      child.once('error', reject);
      void ended.then(() => {
        reject(new Error(`${name} ended (${String(child.exitCode ?? child.signalCode)}) before it was ready: ${tail(logFile)}`));
      });
    });
  try {
    const ready = await within(READY_TIMEOUT_MS, signal, untilReady);
    return {
      pid: child.pid ?? 0,
      ready,
      signal: (name_) => void child.kill(name_),
      stop: () => stopProcess(child),
      ended,
    };
  } catch (error) {
    await stopProcess(child);
    signal?.throwIfAborted();
    throw error instanceof TimeLimitError
      ? new Error(`${name} was not ready within ${READY_TIMEOUT_MS / 1000} s: ${tail(logFile)}`)
      : error;
  }
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function reported(error: unknown): OperatorError {
  const { code, message, remedy } = error as Partial<Record<'code' | 'message' | 'remedy', string>>;
  return new OperatorError(code ?? 'INTERNAL', message ?? JSON.stringify(error), remedy ?? '');
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-TAIL_LENGTH).trim();
  } catch {
    return '(no log)';
  }
}
