// All that is deployed in a WildFly, beside the one application whose sessions move.

import { z } from 'zod';
import type { WildflyConfig } from '../../../config/types.js';
import type { Application } from '../unnamed-applications.js';
import { unnamed, wouldBeLost } from '../unnamed-applications.js';
import type { WildflyManagement } from './wildfly-management.js';

const UNDERTOW = ['subsystem', 'undertow'];
const applications = z.array(
  z.object({
    address: z.array(z.record(z.string(), z.string())),
    // With statistics-enabled=false of undertow, which is the default, none were ever created.
    result: z.object({ 'active-sessions': z.number(), 'sessions-created': z.number() }),
  }),
);

/** Refuses a WildFly with web applications that have sessions, those in an EAR included, and are neither `deployment` nor in `loseDeployments`. */
export async function mustNameAll(
  management: WildflyManagement,
  { deployment, loseDeployments }: Pick<WildflyConfig, 'deployment' | 'loseDeployments'>,
  signal: AbortSignal,
): Promise<void> {
  const found = new Map<string, Application>();
  for (const below of [[], ['subdeployment', '*']]) {
    const address = ['deployment', '*', ...below, ...UNDERTOW];
    const all = { operation: 'read-resource', address, 'include-runtime': true };
    for (const { address: place, result } of (await management.ask(all, applications, signal)) ?? []) {
      const name = place.find((part) => 'deployment' in part)?.['deployment'] ?? '';
      const { active, begun } = found.get(name) ?? { active: 0, begun: 0 };
      found.set(name, {
        name,
        active: active + result['active-sessions'],
        begun: begun + result['sessions-created'],
        stores: false,
      });
    }
  }
  const left = unnamed([...found.values()], new Set([deployment, ...loseDeployments]));
  if (left.length === 0) return;
  throw wouldBeLost(
    management.machine.name,
    left,
    (names) =>
      `A pool moves the sessions of one deployment: give them servers of their own, or accept that with sessions.loseDeployments: ${names}.`,
  );
}
