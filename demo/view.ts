// What the demo shows while it runs: a live view on a terminal, plain lines elsewhere.

import { createLogUpdate } from 'log-update';
import type { LoadProgress } from './load/report.js';
import type { RestartStatus } from '../workflows/steps.js';

const PLAIN_EVERY_MS = 2000;

export interface Scene {
  title: string;
  load: LoadProgress | undefined;
  restart: RestartStatus | null;
  sessionsMoved: number | null;
}

export interface View {
  /** A line that stays. */
  note(line: string): void;
  /** What happens right now. */
  show(scene: Scene): void;
  /** Ends the live part. */
  done(): void;
}

export function createView(stream: NodeJS.WriteStream): View {
  return stream.isTTY ? liveView(stream) : plainView(stream);
}

function liveView(stream: NodeJS.WriteStream): View {
  const update = createLogUpdate(stream);
  return {
    note(line) {
      update.clear();
      stream.write(`${line}\n`);
    },
    show: (scene) => update(describe(scene).join('\n')),
    done: () => update.clear(),
  };
}

function plainView(stream: NodeJS.WriteStream): View {
  let last = 0;
  let lastStep: string | null = null;
  return {
    note: (line) => void stream.write(`${line}\n`),
    show(scene) {
      const step = scene.restart?.step ?? null;
      if (Date.now() - last < PLAIN_EVERY_MS && step === lastStep) return;
      last = Date.now();
      lastStep = step;
      const [head = '', ...rest] = describe(scene);
      const running = rest.filter((line) => line.includes('running'));
      stream.write(`  ${[head, ...running.map((line) => line.trim())].join(' | ')}\n`);
    },
    done: () => undefined,
  };
}

function describe({ title, load, restart, sessionsMoved }: Scene): string[] {
  const figures = load
    ? `${load.requests} requests, ${load.failed} failed, ${load.sessionsLost} sessions lost, ${load.updatesLost} updates lost, ${load.inFlight} in flight, p99 ${load.p99Ms} ms`
    : 'starting';
  const steps = (restart?.steps ?? []).map(({ name, ms }) => {
    const state = ms !== null ? `${ms} ms` : restart?.step === name ? 'running' : '';
    const moved =
      name === 'migrateSessions' && restart?.step === name && sessionsMoved !== null ? `, ${sessionsMoved} sessions moved` : '';
    return `    ${name.padEnd(16)} ${state}${moved}`;
  });
  return [`${title}: ${figures}`, ...steps];
}
