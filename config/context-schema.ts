// What vm-rejuv.yaml may say of the applications of one server: whose sessions move, and whose may be lost.

import { z } from 'zod';
import { contextOf } from './canary-context.js';
import { matching, refuseTwice } from './fields.js';

/** Of applications whose sessions move. */
export const contexts = z
  .array(
    matching(/^(\/[^\s/]+)*$/, 'a context path such as /shop, or "" for the root'),
    'a list of at least one context path, such as [/shop]',
  )
  .min(1)
  .superRefine(refuseTwice());

/** Of applications whose sessions a restart may lose. */
export const loseContexts = z
  .array(
    matching(
      /^(\/\/[^\s/]+)?(\/[^\s/]+)*$/,
      'a context path such as /admin, "" for the root, or //host/path of another virtual host',
    ),
    'a list of context paths, such as [/admin]',
  )
  .superRefine(refuseTwice())
  .default([]);

const IN_BOTH = 'a context that is not in sessions.contexts: its sessions either move or may be lost';

/** Refuses an application that shall keep its sessions and may lose them. */
export function refuseBoth(
  { contexts: kept, loseContexts: lost }: { contexts: string[]; loseContexts: string[] },
  context: z.RefinementCtx,
): void {
  for (const [index, path] of lost.entries()) {
    if (kept.includes(path)) context.addIssue({ code: 'custom', path: ['loseContexts', index], message: IN_BOTH });
  }
}

/** Refuses a canary whose session would be of none of the applications, and prove nothing of them. */
export function refuseCanaryElsewhere(
  { contexts: kept, canary: tried }: { contexts: string[]; canary: { path: string } | null },
  context: z.RefinementCtx,
): void {
  if (tried === null || contextOf(tried.path, kept) !== undefined) return;
  context.addIssue({ code: 'custom', path: ['canary', 'path'], message: 'a path in one of sessions.contexts' });
}
