// Whether a machine has booted between two looks at it.

import { hasBooted, isMissing } from '../activities/hypervisor/incarnation.js';

/** same: or nobody can tell. told: only now it can be told which boot it is. another: it has booted. */
export type BootSight = 'same' | 'told' | 'another';

/** Of incarnations as a driver tells them; null where it told none. A busy guest that misses a question has not booted. */
export function compareBoots(before: string | null, now: string | null): BootSight {
  if (now === null) return 'same';
  if (before === null) return 'told';
  if (hasBooted(before, now) === true) return 'another';
  return isMissing(before) && !isMissing(now) ? 'told' : 'same';
}
