// What people do in the Temporal UI.

import { startCleanRestart } from '../../worker/temporal-client.js';
import { STEPS } from '../../workflows/steps.js';
import type { Fault } from '../fault.js';
import { POINTS } from '../points.js';

export const operatorFaults: readonly Fault[] = [
  {
    name: 'workflow-cancelled',
    what: 'the workflow is cancelled',
    steps: STEPS,
    points: POINTS,
    async inflict(_stage, { handle }) {
      await handle.cancel();
    },
  },
  {
    name: 'workflow-terminated',
    what: 'the workflow is terminated, and the restart started anew',
    steps: STEPS,
    points: POINTS,
    async inflict(stage, { handle }) {
      await handle.terminate('chaos');
      await startCleanRestart(stage.client, stage.installation.config.temporal, stage.pool);
    },
  },
  {
    name: 'started-twice',
    what: 'a second restart is started under another workflow id',
    steps: STEPS,
    points: POINTS,
    async inflict(stage) {
      const { taskQueue } = stage.installation.config.temporal;
      const second = await stage.client.workflow.start('cleanRestart', {
        workflowId: `by-hand/${Date.now()}`,
        taskQueue,
        args: [{ pool: stage.pool }],
      });
      // It cannot be refused while no worker's answer arrives, as it is after a step's effect.
      stage.workerToTemporal.open();
      await second.result().catch(() => undefined);
    },
  },
];
