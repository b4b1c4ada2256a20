// What a proxy and a worker must have alike of a pool: by this requests are told from each other, and held.

import type { PoolConfig } from './types.js';

/** The settings as JSON, those alike that mean the same, by their names in vm-rejuv.yaml. Where a machine is, and what may take how long, each may see in its own way. */
export function routingSettings({ machines, sessionId, sessions }: PoolConfig): Record<string, string> {
  const { mechanism, oneRequestAtATime } = sessions;
  const settings: Record<string, unknown> = {
    'machines.*.name': machines.map(({ name }) => name).toSorted(),
    'sessionId.cookies': sessionId.cookies.toSorted(),
    'sessionId.pathParameter': sessionId.pathParameter?.toLowerCase() ?? null,
    'sessionId.pathSegment': sessionId.pathSegment,
    'sessionId.headers': sessionId.headers.map((name) => name.toLowerCase()).toSorted(),
    'sessionId.routeMarker': sessionId.routeMarker,
    'sessions.mechanism': mechanism,
    'sessions.oneRequestAtATime': oneRequestAtATime,
    ...(mechanism === 'none' ? { 'sessions.idleMs': sessions.idleMs } : {}),
  };
  return Object.fromEntries(Object.entries(settings).map(([field, value]) => [field, JSON.stringify(value)]));
}
