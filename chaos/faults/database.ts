// PostgreSQL: killed, refusing, slow.

import { setTimeout as sleep } from 'node:timers/promises';
import { STEPS } from '../../workflows/steps.js';
import type { Fault } from '../fault.js';
import { POINTS } from '../points.js';
import type { Stage } from '../stage.js';
import type { Relay } from '../relay.js';

/** Below `holdMaxMs` (10 s): whoever waits for the decision of a row gets it. */
const REFUSING_MS = 4000;
const FULL_MS = 4000;
const SLOW_MS = 8000;
/** Of each message on its way, in both directions. */
const DELAY_MS = 40;

/** The Node application has its sessions in this PostgreSQL: not only the control plane would be without it. */
const WITHOUT_SHOP = { apps: ['tomcat'] } as const;

function ways({ workerToDatabase, proxies }: Stage): Relay[] {
  return [workerToDatabase, ...proxies.map(({ toDatabase }) => toDatabase)];
}

export const databaseFaults: readonly Fault[] = [
  {
    name: 'postgres-disk-full',
    what: `the disk of PostgreSQL is full for ${FULL_MS / 1000} s; where that ends the server it is started again`,
    steps: STEPS,
    points: ['during'],
    ...WITHOUT_SHOP,
    missing: () => (process.getuid?.() === 0 ? null : 'a disk of its own takes root'),
    async inflict(stage) {
      await stage.postgres.fillDisk();
      await sleep(FULL_MS);
      await stage.postgres.freeDisk();
      await stage.postgres.revive(stage.database);
    },
  },
  {
    name: 'postgres-killed',
    what: 'SIGKILL of PostgreSQL, which is started again at once',
    steps: [...STEPS, 'route'],
    points: POINTS,
    ...WITHOUT_SHOP,
    async inflict(stage) {
      await stage.postgres.kill();
      await stage.postgres.startAgain();
    },
  },
  {
    name: 'postgres-refuses',
    what: `PostgreSQL refuses connections for ${REFUSING_MS / 1000} s`,
    steps: STEPS,
    points: POINTS,
    ...WITHOUT_SHOP,
    async inflict(stage) {
      for (const way of ways(stage)) way.cut();
      await sleep(REFUSING_MS);
      for (const way of ways(stage)) way.open();
    },
  },
  {
    name: 'postgres-slow',
    what: `PostgreSQL answers ${2 * DELAY_MS} ms later, for ${SLOW_MS / 1000} s`,
    steps: STEPS,
    points: ['before'],
    ...WITHOUT_SHOP,
    async inflict(stage) {
      for (const way of ways(stage)) way.slow(DELAY_MS);
      await sleep(SLOW_MS);
      for (const way of ways(stage)) way.open();
    },
  },
];
