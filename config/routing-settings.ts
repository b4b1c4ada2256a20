// What a proxy and a worker must have alike of a pool: by this requests are told from each other, and held.

import type { PoolConfig } from './types.js';

/** The settings as JSON, by their names in vm-rejuv.yaml. Where a machine is, and what may take how long, each may see in its own way. */
export function routingSettings({ machines, sessionId, sessions }: PoolConfig): Record<string, string> {
  const { mechanism, oneRequestAtATime } = sessions;
  const settings: Record<string, unknown> = {
    'machines.*.name': machines.map(({ name }) => name),
    ...Object.fromEntries(Object.entries(sessionId).map(([field, value]) => [`sessionId.${field}`, value as unknown])),
    'sessions.mechanism': mechanism,
    'sessions.oneRequestAtATime': oneRequestAtATime,
    ...(mechanism === 'none' ? { 'sessions.idleMs': sessions.idleMs } : {}),
  };
  return Object.fromEntries(Object.entries(settings).map(([field, value]) => [field, JSON.stringify(value)]));
}
