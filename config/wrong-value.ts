// A value from outside the configuration file that is none of those allowed.

import { OperatorError } from './operator-error.js';

/** CONFIG_INVALID; `name` is that of a variable or an option. */
export function wrongValue(name: string, found: string, allowed: string, remedy: string): OperatorError {
  return new OperatorError('CONFIG_INVALID', `${name}: found ${found}, allowed: ${allowed}.`, remedy);
}
