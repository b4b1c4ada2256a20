// Starts the load process and talks to it.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stopProcess } from '../../embedded/child-process.js';
import type { LoadProgress, WindowReport } from './report.js';
import type { LoadOptions } from './run-load.js';

export interface RunningLoad {
  /** The latest figures; undefined before the first half second. */
  progress(): LoadProgress | undefined;
  /** Runs `work` and reports what the users saw meanwhile, each user's last look included. Rejects when the load ends, whatever `work` does then. */
  during<T>(work: () => Promise<T>): Promise<{ result: T; report: WindowReport }>;
  stop(): Promise<void>;
}

type Message = { type: 'progress' | 'done'; progress: LoadProgress } | { type: 'window'; report: WindowReport };

/** The child is the compiled file, also where this one runs uncompiled (tests): `npm run build` makes it. */
const CHILD = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? './main.js' : '../../dist/demo/load/main.js', import.meta.url),
);

export function startLoad(options: LoadOptions): RunningLoad {
  const child = fork(CHILD, [JSON.stringify(options)], { stdio: ['ignore', 2, 2, 'ipc'] });
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`The load has ended (${String(code ?? signal)}) before its report.`)));
    child.once('error', reject);
  });
  ended.catch(() => undefined);
  let progress: LoadProgress | undefined;
  let onWindow: ((report: WindowReport) => void) | undefined;
  child.on('message', (message) => {
    const received = message as Message;
    if (received.type === 'window') onWindow?.(received.report);
    else progress = received.progress;
  });
  // Without a callback, a message to a process that has ended would be an uncaught exception.
  const tell = (command: 'begin' | 'end'): Promise<void> =>
    new Promise((resolve, reject) => {
      child.send(command, (error) => (error === null ? resolve() : reject(new Error('The load has ended.', { cause: error }))));
    });
  return {
    progress: () => progress,
    async during(work) {
      await tell('begin');
      const result = await Promise.race([work(), ended]);
      const window = new Promise<WindowReport>((resolve) => (onWindow = resolve));
      await tell('end');
      return { result, report: await Promise.race([window, ended]) };
    },
    stop: () => stopProcess(child),
  };
}
