// What a restart, or a fail-over, of which an operator has skipped a step has left to do, as long as it can be seen.

import type { PoolStatus } from './status-text.js';

type Seen = Pick<PoolStatus, 'pool' | 'run' | 'standby' | 'machines' | 'lastRestart'>;

/** The next step, in words; null where nothing is left, or something else has the pool by now. */
export function leftToDo({ pool, run, standby, machines, lastRestart }: Seen): string | null {
  if (lastRestart === null || run !== null) return null;
  const { result } = lastRestart;
  const { from } = result;
  const machine = machines.find(({ name }) => name === from);
  if (from !== standby || machine === undefined) return null;
  // Of a cold standby nobody expects an answer.
  const isWell = machine.answers || machine.trouble === null;
  if ('failedOver' in result) {
    if (result.failedOver.isBack || isWell) return null;
    return `mend ${from}, which is the standby, and start it once every proxy answers: vm-rejuv boot ${pool}`;
  }
  if (result.skipped === undefined) return null;
  if (!isWell) return `mend ${from}, which is the standby, and start it: vm-rejuv boot ${pool}`;
  return result.skipped.restarted === false
    ? `restart ${from} by its hypervisor while it is the standby: it is as aged as it was, unless somebody has done so`
    : null;
}
