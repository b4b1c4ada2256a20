// Reads a policy of detection from a file of its own: only what differs from the defaults.

import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { complaints } from '../config/complaints.js';
import { codeOf } from '../config/error-code.js';
import { OperatorError } from '../config/operator-error.js';
import type { AgingPolicy } from './policy.js';
import { policySchema } from './policy.js';

const REMEDY = 'Correct it; docs/detection.md lists the fields and their defaults.';

/** YAML, or JSON. Throws POLICY_UNREADABLE, or POLICY_INVALID with file, line, field, what was found and what is allowed. */
export function readPolicy(file: string): AgingPolicy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError('POLICY_UNREADABLE', `The policy ${file} cannot be read (${codeOf(cause)}).`, 'Name another file.', {
      cause,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const message = `${file}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0] ?? ''}`;
    throw new OperatorError('POLICY_INVALID', `The policy is no YAML: ${message}.`, REMEDY);
  }
  const result = policySchema.safeParse(document.toJS() ?? {});
  if (result.success) return result.data;
  const found = complaints(file, document, lines, result.error.issues);
  throw new OperatorError('POLICY_INVALID', `The policy has mistakes:\n  ${found.join('\n  ')}\n`, REMEDY);
}
