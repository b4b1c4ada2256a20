// What `vm-rejuv skip --help` says of each step: in one of them the word is about a machine that may still write.

import { FAIL_OVER } from '../workflows/fail-over-steps.js';
import type { Plan } from '../workflows/steps.js';
import { CLEAN_RESTART, SKIPPABLE } from '../workflows/steps.js';

/** The steps that can be skipped and what that means, one a line. */
export function skipHelp(): string {
  return [
    '',
    'What it means depends on the step that waits, which status tells:',
    ...linesOf(CLEAN_RESTART),
    ...linesOf(FAIL_OVER),
    '',
    'In fence it is your word that the machine is off: nobody looks again, and one that still runs may',
    'write beside the standby.',
  ].join('\n');
}

function linesOf({ title, steps }: Plan<string>): string[] {
  return steps.flatMap((step) =>
    SKIPPABLE[step] === undefined ? [] : [`  ${step} (${title.toLowerCase()}): ${SKIPPABLE[step]}`],
  );
}
