// The hypervisor: it accepts and does nothing, hangs, does not know, or loses an answer.

import { setTimeout as sleep } from 'node:timers/promises';
import { readPool } from '../../state/pool.js';
import type { Fault, Inflicted } from '../fault.js';
import type { Stage } from '../stage.js';

const FAULT_MS = 6000;
/** More than a boot takes, and another attempt. */
const GO_ON_MS = 60_000;

/** The restart happens, its answer is lost once: the next attempt must see that, and not restart the machine again. */
async function loseAnswer(stage: Stage, { handle }: Inflicted): Promise<void> {
  const { active } = await readPool(stage.database, stage.pool);
  const incarnation = async (): Promise<string | null> =>
    (await stage.driver.status(active, { signal: AbortSignal.timeout(5000) })).incarnation;
  const before = await incarnation();
  const isOver = async (): Promise<boolean> => (await handle.describe()).status.name !== 'RUNNING';
  const seen = new Set<string>();
  try {
    for (const deadline = Date.now() + GO_ON_MS; !(await isOver()); await sleep(20)) {
      if (Date.now() > deadline) throw new Error('It does not go on when one answer is lost.');
      const now = await incarnation();
      if (now !== null && now !== before) seen.add(now);
    }
    if ((await stage.hypervisorFault()) !== 'none') throw new Error('No answer was lost.');
  } finally {
    await stage.turnHypervisor('none');
  }
  if (seen.size !== 1) throw new Error(`Machine ${active} was restarted ${seen.size} times.`);
}

async function turnBack(stage: Stage): Promise<void> {
  await sleep(FAULT_MS);
  await stage.turnHypervisor('none');
}

/** The worker's hypervisor has lost its one answer; the step is tried again. */
async function untilLost(stage: Stage): Promise<void> {
  for (const deadline = Date.now() + GO_ON_MS; (await stage.hypervisorFault()) !== 'none'; await sleep(20))
    if (Date.now() > deadline) throw new Error('No answer was lost.');
}

const restarting = { steps: ['restartPrimary'], points: ['before'], faultyHypervisor: true } as const;

export const hypervisorFaults: readonly Fault[] = [
  {
    ...restarting,
    name: 'hypervisor-does-nothing',
    what: `the hypervisor accepts restarts for ${FAULT_MS / 1000} s and does nothing`,
    prepare: (stage) => stage.turnHypervisor('does nothing'),
    inflict: turnBack,
  },
  {
    ...restarting,
    name: 'hypervisor-hangs',
    what: 'the hypervisor does not come back from a restart',
    prepare: (stage) => stage.turnHypervisor('hangs'),
    inflict: turnBack,
  },
  {
    ...restarting,
    name: 'hypervisor-does-not-know',
    what: `the hypervisor does not know for ${FAULT_MS / 1000} s whether machines run, from the drain on`,
    steps: ['awaitDrain'],
    async inflict(stage) {
      await stage.turnHypervisor('does not know');
      await turnBack(stage);
    },
  },
  {
    ...restarting,
    name: 'hypervisor-loses-the-answer',
    what: 'the hypervisor restarts the machine, and that answer is lost',
    prepare: (stage) => stage.turnHypervisor('loses the answer'),
    inflict: loseAnswer,
  },
  {
    name: 'hypervisor-loses-a-stop',
    what: 'the hypervisor stops the machine that hangs, and that answer is lost',
    steps: ['fence'],
    points: ['before'],
    faultyHypervisor: true,
    prepare: (stage) => stage.turnHypervisor('loses the answer of a stop'),
    inflict: untilLost,
  },
  {
    name: 'hypervisor-loses-a-start',
    what: 'the hypervisor starts the machine that had failed, and that answer is lost',
    steps: ['bringBack'],
    points: ['before'],
    faultyHypervisor: true,
    prepare: (stage) => stage.turnHypervisor('loses the answer of a start'),
    inflict: untilLost,
  },
];
