// Whom our own questions to a machine are for, where it has several virtual hosts.

import type { MachineConfig } from './types.js';

/** The headers of such a question (RFC 9110 section 7.2); none where the machine's own address names the application. */
export function hostHeader({ host }: Pick<MachineConfig, 'host'>): Record<string, string> {
  return host === undefined ? {} : { host };
}
