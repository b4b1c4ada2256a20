// A proxy: killed, paused, cut off.

import { setTimeout as sleep } from 'node:timers/promises';
import { STEPS } from '../../workflows/steps.js';
import { isClockFakeable } from '../fake-clock.js';
import type { Fault } from '../fault.js';
import { POINTS } from '../points.js';
import type { Stage } from '../stage.js';
import type { StagedProxy } from '../staged-proxy.js';

/** Past a hold's deadline, which is a few seconds away at most. */
const PAUSED_MS = 6000;
/** Below `holdMaxMs` (10 s). */
const CUT_OFF_MS = 5000;
const JUMPED_MS = 5000;

function last({ proxies }: Stage): StagedProxy {
  return proxies.at(-1) as StagedProxy;
}

function jumpingClock(name: string, what: string, offsetS: number): Fault {
  return {
    name,
    what: `the clock of a proxy's machine jumps ${what}, and back`,
    steps: STEPS,
    points: ['during'],
    missing: () => (isClockFakeable() ? null : "it takes libfaketime (Debian's package faketime)"),
    prepare: (stage) => last(stage).useFakeClock(),
    async inflict(stage) {
      await last(stage).turnClock(offsetS);
      await sleep(JUMPED_MS);
      await last(stage).turnClock(0);
    },
  };
}

export const proxyFaults: readonly Fault[] = [
  {
    name: 'proxy-killed',
    what: 'SIGKILL of a proxy, which is started again at once',
    steps: [...STEPS, 'route'],
    points: POINTS,
    proxies: [2, 1],
    mayFail: 'requests on their way through it, and new ones until it listens again',
    async inflict(stage) {
      const proxy = last(stage);
      proxy.process.signal('SIGKILL');
      await proxy.process.ended;
      await proxy.startAgain();
    },
  },
  {
    name: 'proxy-paused',
    what: `SIGSTOP of a proxy for ${PAUSED_MS / 1000} s, past the deadline of any hold`,
    steps: ['redirectTraffic', 'migrateSessions', 'awaitDrain', 'swapRoles'],
    points: ['during'],
    async inflict(stage) {
      const { process } = last(stage);
      process.signal('SIGSTOP');
      await sleep(PAUSED_MS);
      process.signal('SIGCONT');
    },
  },
  {
    name: 'proxy-without-database',
    what: `a proxy cut off from PostgreSQL for ${CUT_OFF_MS / 1000} s`,
    steps: STEPS,
    points: ['during'],
    async inflict(stage) {
      const { toDatabase } = last(stage);
      toDatabase.cut();
      await sleep(CUT_OFF_MS);
      toDatabase.open();
    },
  },
  {
    name: 'proxy-without-worker',
    what: `a proxy that workers do not reach for ${CUT_OFF_MS / 1000} s`,
    steps: STEPS,
    points: ['during'],
    async inflict(stage) {
      const { fromWorker } = last(stage);
      fromWorker.stop();
      await sleep(CUT_OFF_MS);
      fromWorker.cut();
      fromWorker.open();
    },
  },
  jumpingClock('proxy-clock-ahead', 'an hour ahead', 3600),
  jumpingClock('proxy-clock-behind', 'an hour behind', -3600),
];
