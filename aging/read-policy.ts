// Reads a policy of detection from a file of its own: only what differs from the defaults.

import { readFileSync } from 'node:fs';
import { codeOf } from '../config/error-code.js';
import { OperatorError } from '../config/operator-error.js';
import { checkYaml } from '../config/yaml-file.js';
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
  return checkYaml(file, text, policySchema, {
    broken: (line) => new OperatorError('POLICY_INVALID', `The policy is no YAML: ${line}.`, REMEDY),
    mistaken: (lines) => new OperatorError('POLICY_INVALID', `The policy has mistakes:\n  ${lines.join('\n  ')}\n`, REMEDY),
    pageOf: () => 'docs/detection.md',
  }).data;
}
