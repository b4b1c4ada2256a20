// What each detector finds at one moment, before anybody has asked whether it lasts.

import { ageFinding, workFinding } from './findings/age.js';
import { ceilingFinding } from './findings/ceiling.js';
import { exhaustionFinding } from './findings/exhaustion.js';
import { gcThrashFinding } from './findings/gc-thrash.js';
import { levelChangeFinding } from './findings/level-change.js';
import { slowingFinding } from './findings/slowing.js';
import { stormDrainFinding } from './findings/storm-drain.js';
import { unusualFinding } from './findings/unusual.js';
import type { AgingPolicy } from './policy.js';
import { KINDS } from './series.js';
import type { Evidence } from './verdict.js';
import type { WatchedMachine } from './watched-machine.js';

export function findings(watched: WatchedMachine, nowMs: number, policy: AgingPolicy): Evidence[] {
  const { all, load, sinceMs } = watched;
  const found = all.flatMap((one): (Evidence | null)[] => {
    switch (KINDS[one.series.kind].role) {
      case 'resource':
        return [
          exhaustionFinding(one, load, sinceMs, nowMs, policy),
          ceilingFinding(one, sinceMs, nowMs, policy),
          levelChangeFinding(one, watched, nowMs, policy),
        ];
      case 'latency':
        return [unusualFinding(one, 'latency', watched, nowMs, policy), slowingFinding(one, watched, nowMs, policy)];
      case 'errors':
        return [unusualFinding(one, 'errors', watched, nowMs, policy)];
      case 'gc':
        return [gcThrashFinding(one, sinceMs, nowMs, policy)];
      case 'count':
      case 'work':
        return [];
    }
  });
  return [...found, stormDrainFinding(watched, nowMs), ageFinding(watched, nowMs, policy), workFinding(watched, policy)].filter(
    (evidence) => evidence !== null,
  );
}
