// A machine: one that dies, hangs, or boots without its application.

import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPool } from '../../state/pool.js';
import type { Fault } from '../fault.js';
import { pidOf, sessionsBefore, untilOff } from '../machine-process.js';
import type { Stage } from '../stage.js';

const HUNG_MS = 8000;

/** Kills it, and does what an operator does who finds it dead: starts it. Resolves with how many sessions it had. */
async function killAndStart(stage: Stage, role: 'active' | 'standby'): Promise<number> {
  const { [role]: name } = await readPool(stage.database, stage.pool);
  const pid = await pidOf(stage, name);
  const had = await sessionsBefore(stage, name);
  process.kill(-pid, 'SIGKILL');
  await untilOff(stage, name);
  await stage.installation.bootMachines(name);
  return had;
}

/** Waits until the machine that is being started has a process. */
async function bootingPid(stage: Stage, name: string): Promise<number> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(5)) {
    const pid = await pidOf(stage, name);
    if (!Number.isNaN(pid)) return pid;
  }
  throw new Error(`Machine ${name} does not start.`);
}

async function hang(stage: Stage, name: string): Promise<void> {
  const pid = await bootingPid(stage, name);
  process.kill(-pid, 'SIGSTOP');
  await sleep(HUNG_MS);
  process.kill(-pid, 'SIGCONT');
}

async function stop(stage: Stage, name: string): Promise<void> {
  await stage.driver.stop(name, { signal: AbortSignal.timeout(30_000) });
}

/** Where Tomcat finds the application of a machine, and where it does not. */
function application({ installation }: Stage, name: string): [there: string, away: string] {
  const driver = installation.pool.machines.find((machine) => machine.name === name)?.driver;
  const base = driver?.type === 'process' ? driver.cwd : '';
  return [join(base, 'conf', 'Catalina', 'localhost', 'shop.xml'), join(base, 'shop-away.xml')];
}

export const machineFaults: readonly Fault[] = [
  {
    name: 'standby-hangs-booting',
    what: `the standby hangs for ${HUNG_MS / 1000} s while it boots`,
    steps: ['bootStandby'],
    points: ['during'],
    prepare: async (stage) => stop(stage, (await readPool(stage.database, stage.pool)).standby),
    inflict: async (stage) => hang(stage, (await readPool(stage.database, stage.pool)).standby),
  },
  {
    name: 'standby-without-application',
    what: 'the standby boots without its application, which comes back when the restart has been given up',
    steps: ['bootStandby'],
    points: ['during'],
    apps: ['tomcat'],
    async prepare(stage) {
      const { standby } = await readPool(stage.database, stage.pool);
      await stop(stage, standby);
      await rename(...application(stage, standby));
    },
    async inflict(stage, { handle }) {
      const { standby } = await readPool(stage.database, stage.pool);
      await handle.result().catch(() => undefined);
      const [there, away] = application(stage, standby);
      await rename(away, there);
      await stop(stage, standby);
      await stage.installation.bootMachines(standby);
    },
  },
  {
    name: 'standby-killed',
    what: 'SIGKILL of the standby, which is started again by an operator',
    steps: ['migrateSessions', 'awaitDrain'],
    points: ['during'],
    mayFail: 'requests of sessions that it has',
    mayLose: 'sessions that it alone had',
    inflict: (stage) => killAndStart(stage, 'standby'),
  },
  {
    name: 'primary-killed',
    what: 'SIGKILL of the primary, which is started again by an operator',
    steps: ['migrateSessions'],
    points: ['during'],
    mayFail: 'requests of sessions that it has',
    mayLose: 'sessions that it alone had',
    inflict: (stage) => killAndStart(stage, 'active'),
  },
  {
    name: 'primary-hangs-booting',
    what: `the primary hangs for ${HUNG_MS / 1000} s while it boots`,
    steps: ['restartPrimary'],
    points: ['during'],
    inflict: async (stage) => hang(stage, (await readPool(stage.database, stage.pool)).active),
  },
];
