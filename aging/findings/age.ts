// Age and requests served, where a policy limits them.

import { hasServedEnough, isTooOld } from '../detectors/age.js';
import type { AgingPolicy } from '../policy.js';
import type { Evidence } from '../verdict.js';
import { inTime } from '../verdict.js';
import type { WatchedMachine } from '../watched-machine.js';

export function ageFinding({ bootedAtMs }: WatchedMachine, nowMs: number, { maxAgeMs }: AgingPolicy): Evidence | null {
  if (bootedAtMs === null || !isTooOld(bootedAtMs, nowMs, maxAgeMs)) return null;
  const ageMs = nowMs - bootedAtMs;
  const text = `it has run for ${inTime(ageMs)}; the policy allows ${inTime(maxAgeMs ?? 0)}`;
  return { detector: 'age', series: null, text, votes: 2, values: { ageMs } };
}

export function workFinding({ load }: WatchedMachine, { maxRequests }: AgingPolicy): Evidence | null {
  const served = load.served;
  if (served === null || !hasServedEnough(served, maxRequests)) return null;
  return {
    ...{ detector: 'work', series: null, votes: 2, values: { served } },
    text: `it has served ${served} requests since its boot; the policy allows ${maxRequests ?? 0}`,
  };
}
