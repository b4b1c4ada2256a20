// Single fields that several parts of vm-rejuv.yaml have, and how one that depends on another is refused.

import { z } from 'zod';
import * as defaults from './defaults.js';
import { NAME, NAME_LIKE } from './name.js';
import { originLike, parseOrigin } from './origin.js';

/** Text of this form; the message says what is allowed, also in place of something that is no text. */
export const matching = (pattern: RegExp, allowed: string): z.ZodString => z.string(allowed).regex(pattern, allowed);

export const name = matching(NAME, NAME_LIKE);
const upTo = z.number().int().max(defaults.MAX_TIMER_MS);
export const milliseconds = upTo.min(0);
/** Where none at all would make no sense. */
export const someMilliseconds = upTo.min(1);
export const count = z.number().int().min(1);
export const path = matching(/^\//, 'a path that begins with "/"');

/** RFC 9110, section 7.2, of a name or an address in brackets. */
export const host = matching(
  /^([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?$/,
  'what a Host header holds, such as shop.example or shop.example:8080',
);

/** `orNull` is said where null is allowed, too. */
export const origin = (example: string, orNull = ''): z.ZodType<string> => {
  const allowed = originLike(example) + orNull;
  return z.string(allowed).transform((text, context) => parseOrigin(text) ?? refuse(context, allowed));
};

const SECRET = '{ env: NAME } of an environment variable, or { file: PATH }';
const oneSecret = (found: { env?: string | undefined; file?: string | undefined }): boolean =>
  (found.env === undefined) !== (found.file === undefined);
export const secret = z
  .strictObject(
    {
      env: z.string('the name of an environment variable').min(1).optional(),
      file: z.string('the path of a file').min(1).optional(),
    },
    SECRET,
  )
  .refine(oneSecret, SECRET);

/** Refuses what a list has twice. `keyOf`: texts of one key are the same to whom they are for. */
export function refuseTwice(
  keyOf: (text: string) => string = (text) => text,
): (list: readonly string[], context: z.RefinementCtx) => void {
  return (list, context) => {
    const keys = list.map(keyOf);
    for (const [index, key] of keys.entries()) {
      if (keys.indexOf(key) < index) context.addIssue({ code: 'custom', path: [index], message: TWICE });
    }
  };
}
const TWICE = 'each once: it stands in this list before';

/** What a regular expression finds is what its one group matches. */
export const patternWithGroup = z
  .string('a regular expression with one group')
  .refine((text) => groupsOf(text) === 1, { error: 'a regular expression with one group, such as "began":"([^"]+)"' });

function groupsOf(pattern: string): number | null {
  try {
    // With an empty alternative it matches anything, and says how many groups there are.
    return (new RegExp(`${pattern}|`).exec('')?.length ?? 0) - 1;
  } catch {
    return null;
  }
}

/** A path that begins a session which both machines must know before any other moves. */
export const canary = z.strictObject({ path }, '{ path: PATH }, or null for none').nullable().default(null);

/** The mechanisms that lose changes otherwise have another default. */
export const oneRequestAtATime = z.boolean().default(false);

/** Of Tomcat: that its valves for single sign-on know nobody any more after a restart is accepted. */
export const loseSingleSignOn = z.boolean().default(false);

export const fileOrNull = z.string('the path of a file, or null').min(1).nullable().default(null);

/** Refuses a `longer` that ends before `shorter`, which is a part of it, could. */
export function atLeast<Longer extends string, Shorter extends string>(
  longer: Longer,
  shorter: Shorter,
): (fields: Record<Longer | Shorter, number>, context: z.RefinementCtx) => void {
  return (fields, context) => {
    if (fields[longer] >= fields[shorter]) return;
    context.addIssue({ code: 'custom', path: [longer], message: `at least ${fields[shorter]}, which is ${shorter}` });
  };
}

/** In a transformation: what is allowed instead. */
export function refuse(context: z.RefinementCtx, allowed: string): typeof z.NEVER {
  context.addIssue({ code: 'custom', message: allowed });
  return z.NEVER;
}
