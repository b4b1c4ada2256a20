// What a demo that stays up says of itself.

import type { Leak } from './options.js';

export interface Kept {
  leak: Leak | undefined;
  /** Everything that was started has its files there. */
  directory: string;
  /** From its beginning. */
  maxLoadSeconds: number;
}

/** How long what stays up lasts, and what can be tried with it. */
export function renderKept({ leak, directory, maxLoadSeconds }: Kept): string {
  return [
    `  Everything stays up. Ctrl-C ends it and removes its folder, ${directory}. The load ends by itself ${maxLoadSeconds / 60} minutes after it began.`,
    leak === undefined
      ? '  The pool has no policy, so nobody watches it: what needs one, such as pause, samples and fail-over, has npm run demo -- --leak threads --keep.'
      : '  The pool has a policy, so it is supervised and watched; while the load lasts, the application goes on aging. The next restart has to wait for its cooldown; npm run vm-rejuv -- rejuvenate shop begins one at once.',
  ].join('\n');
}
