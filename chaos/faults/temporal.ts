// Temporal's server: killed, and out of reach.

import { setTimeout as sleep } from 'node:timers/promises';
import { FAIL_OVER_STEPS } from '../../workflows/fail-over-steps.js';
import { STEPS } from '../../workflows/steps.js';
import type { Fault } from '../fault.js';
import { POINTS } from '../points.js';

/** Longer than any step takes without it. */
const DOWN_MS = 10_000;

export const temporalFaults: readonly Fault[] = [
  {
    name: 'temporal-killed',
    what: "SIGKILL of Temporal's server, which is started again at once",
    steps: [...STEPS, ...FAIL_OVER_STEPS],
    points: POINTS,
    async inflict(stage) {
      await stage.temporal.kill();
      await stage.temporal.startAgain();
    },
  },
  {
    name: 'temporal-down',
    what: "Temporal's server is out of reach for longer than the step takes",
    steps: STEPS,
    points: ['before'],
    async inflict(stage) {
      stage.workerToTemporal.cut();
      await sleep(DOWN_MS);
      stage.workerToTemporal.open();
    },
  },
];
