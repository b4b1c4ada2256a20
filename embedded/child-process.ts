// A child process that says on its first line of JSON when it is ready.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const READY_TIMEOUT_MS = 60_000;
/** A process that was told to end and has not is killed after this. Chosen: longer than a proxy's own drain. */
const STOP_TIMEOUT_MS = 15_000;

export interface ChildOptions {
  name: string;
  command: string[];
  env: Record<string, string>;
  logFile: string;
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

/** Starts the process and waits for its `{"ready": true, ...}`; an end before that is an error with the end of its log. */
export async function startReadyChild({ name, command, env, logFile }: ChildOptions): Promise<ReadyChild> {
  const log = createWriteStream(logFile, { flags: 'a' });
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      log.end();
      resolve(code);
    });
  });
  child.stderr.pipe(log, { end: false });
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} was not ready within ${READY_TIMEOUT_MS / 1000} s.`));
    }, READY_TIMEOUT_MS);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended (${String(code ?? signal)}) before it was ready: ${tail(logFile)}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.write(`${line}\n`);
      if (!line.startsWith('{"ready":true')) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as Record<string, unknown>);
    });
  });
  return {
    pid: child.pid ?? 0,
    ready,
    signal: (signal) => void child.kill(signal),
    stop: () => stop(child, ended),
    ended,
  };
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-600).trim();
  } catch {
    return '(no log)';
  }
}
