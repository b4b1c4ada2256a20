// The interface by which sessions are handed over: it hangs, fails, or answers late.

import { setTimeout as sleep } from 'node:timers/promises';
import { STEPS } from '../../workflows/steps.js';
import type { Fault } from '../fault.js';
import type { ManagerFault } from '../manager-relay.js';
import type { Stage } from '../stage.js';

/** Below `holdMaxMs` (10 s). */
const FAULT_MS = 5000;

async function turn({ managers }: Stage, fault: ManagerFault): Promise<void> {
  for (const manager of managers) manager.fault = fault;
  await sleep(FAULT_MS);
  for (const manager of managers) manager.mend();
}

const steps = STEPS.filter((step) => step !== 'redirectTraffic' && step !== 'restartPrimary');

export const managerFaults: readonly Fault[] = (['hangs', 'answers 500', 'answers late'] as const).map((fault) => ({
  name: `manager-${fault.replaceAll(' ', '-')}`,
  what: `the managers of both machines: ${fault}, for ${FAULT_MS / 1000} s`,
  steps,
  points: ['before', 'during'],
  apps: ['tomcat'],
  inflict: (stage) => turn(stage, fault),
}));
