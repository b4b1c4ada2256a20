// A program that speaks to something outside: it must not ask anybody, hang, or fill our memory.

import { spawn } from 'node:child_process';
import { within } from '../../config/within.js';

/** Far above what the tools say of one machine. */
const MAX_OUTPUT_CHARS = 1_000_000;
/** What it has written has long arrived by then. Chosen. */
const LAST_WORDS_MS = 500;

export interface ToolOutcome {
  /** Null when a signal has ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs it to its end, or kills it when aborted or after `limitMs`, which is a TimeLimitError. Rejects with ENOENT when it is not there.
 * What it has asked for by then may still happen. `input` is there for it under the name /dev/stdin.
 */
export async function runTool(
  file: string,
  args: readonly string[],
  limitMs: number,
  signal: AbortSignal,
  input?: string,
): Promise<ToolOutcome> {
  signal.throwIfAborted();
  // What Node calls a pipe is a socket, which the tool could not open as /dev/stdin.
  const [program, ...words] = input === undefined ? [file, ...args] : ['sh', '-c', 'cat | "$0" "$@"', file, ...args];
  const child = spawn(program, words, {
    // Its messages are read by us, and nobody is there to be asked for a password.
    env: { ...process.env, LC_ALL: 'C', SSH_ASKPASS_REQUIRE: 'never' },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // Without a terminal, and the leader of a group: what it has started, such as ssh, is killed with it.
    detached: true,
  });
  // One that ends before it has read all has said why.
  child.stdin?.on('error', () => undefined).end(input);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] = (output[stream] + text).slice(0, MAX_OUTPUT_CHARS);
    });
  }
  const ended = new Promise<ToolOutcome>((resolve, reject) => {
    let lastWords: NodeJS.Timeout | undefined;
    child.once('error', reject);
    // A connection that ssh keeps for later calls keeps our pipes as well.
    child.once('exit', (code) => (lastWords = setTimeout(() => resolve({ code, ...output }), LAST_WORDS_MS)));
    child.once('close', (code) => {
      clearTimeout(lastWords);
      resolve({ code, ...output });
    });
  });
  return within(limitMs, signal, (limited) => {
    limited.addEventListener('abort', () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    });
    return ended;
  });
}
