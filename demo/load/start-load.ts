// Starts the load process and talks to it.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadProgress, WindowReport } from './report.js';
import type { LoadOptions } from './run-load.js';

export interface RunningLoad {
  /** The latest figures; undefined before the first half second. */
  progress(): LoadProgress | undefined;
  /** Runs `work` and reports what the users saw meanwhile, each user's last look included. */
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
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let progress: LoadProgress | undefined;
  let onWindow: ((report: WindowReport) => void) | undefined;
  child.on('message', (message) => {
    const received = message as Message;
    if (received.type === 'window') onWindow?.(received.report);
    else progress = received.progress;
  });
  return {
    progress: () => progress,
    async during(work) {
      child.send('begin');
      const result = await work();
      const report = await new Promise<WindowReport>((resolve, reject) => {
        onWindow = resolve;
        void ended.then(() => reject(new Error('The load has ended before its report.')));
        child.send('end');
      });
      return { result, report };
    },
    async stop() {
      if (child.connected) child.send('stop');
      await ended;
    },
  };
}
