// The controller: killed, told to end, frozen.

import { setTimeout as sleep } from 'node:timers/promises';
import { FAIL_OVER_STEPS } from '../../workflows/fail-over-steps.js';
import { STEPS } from '../../workflows/steps.js';
import type { Fault } from '../fault.js';
import { POINTS } from '../points.js';

/** Beyond the heartbeat time-out (3 s), so that another worker is at work on the step when the frozen one goes on. */
const FROZEN_MS = 5000;

export const workerFaults: readonly Fault[] = [
  {
    name: 'worker-killed',
    what: 'SIGKILL of the worker; another one is started',
    steps: [...STEPS, ...FAIL_OVER_STEPS],
    points: POINTS,
    async inflict(stage) {
      stage.worker.signal('SIGKILL');
      // What it has said may be on its way still: that dies with it.
      stage.workerToTemporal.cut();
      stage.workerToTemporal.open();
      await stage.startWorker();
    },
  },
  {
    name: 'worker-terminated',
    what: 'SIGTERM of the worker, as in a deploy; another one is started when it has ended',
    steps: STEPS,
    points: POINTS,
    async inflict(stage) {
      // What it is about to say must reach Temporal.
      stage.workerToTemporal.open();
      await stage.worker.stop();
      await stage.startWorker();
    },
  },
  {
    name: 'worker-frozen',
    what: 'SIGSTOP of the worker beyond its time-outs; another one goes on, and then the frozen one as well',
    steps: STEPS,
    points: POINTS,
    async inflict(stage, { random }) {
      const frozen = stage.worker;
      frozen.signal('SIGSTOP');
      try {
        stage.workerToTemporal.open();
        await stage.startWorker();
        await sleep(FROZEN_MS + random() * 2000);
      } finally {
        frozen.signal('SIGCONT');
      }
      await sleep(2000);
      await frozen.stop();
    },
  },
];
