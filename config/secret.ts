// A secret that the configuration names: in a variable of the environment or in a file.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf } from './error-code.js';
import { OperatorError } from './operator-error.js';

/** What is said of a value that may be one. */
export const NOT_SHOWN = 'a value that is not shown, as it may be a secret';

export interface SecretReference {
  env?: string | undefined;
  file?: string | undefined;
}

/** Relative paths are relative to `base`. SECRET_MISSING names `field`, and `orElse` beside the variable where that is missing. */
export function readSecret(
  field: string,
  reference: SecretReference,
  base: string,
  env: NodeJS.ProcessEnv,
  orElse?: string,
): string {
  if (reference.file === undefined) {
    const value = env[reference.env ?? ''];
    if (value) return value;
    const file = field === reference.env ? `, or name a file in ${field}_FILE` : '';
    const remedy = `Set the environment variable ${reference.env ?? ''}${file}${orElse === undefined ? '' : `, or ${orElse}`}.`;
    throw new OperatorError('SECRET_MISSING', `${field}: the secret is not there.`, remedy);
  }
  try {
    const secret = readFileSync(resolve(base, reference.file), 'utf8').trim();
    if (secret !== '') return secret;
  } catch (cause) {
    throw new OperatorError(
      'SECRET_MISSING',
      `${field}: the file ${resolve(base, reference.file)} cannot be read (${codeOf(cause)}).`,
      'Write the secret into it and make it readable for this process, or correct its path.',
      { cause },
    );
  }
  throw new OperatorError('SECRET_MISSING', `${field}: the file ${reference.file} is empty.`, 'Write the secret into it.');
}

/** What stands before an "@" may be a password, however badly the rest is written. */
export function withoutUserInfo(text: string): string {
  return text.replace(/[^\s"]*@/g, '...@');
}
