// Tomcat's single sign-on keeps who is logged in beside the sessions, in memory of its own, which no clean restart keeps.

import { notMovable } from '../errors.js';
import type { JmxProxy } from './jmx-proxy.js';

const VALVE = /\.(Cluster)?SingleSignOn$/;

/**
 * Refuses a machine whose users would be logged out by a restart. One machine's SingleSignOn knows nothing of the other's; ClusterSingleSignOn
 * does, but a machine that has been restarted does not fetch what the other one knows (tested), so that it is gone with the next restart.
 */
export async function mustNotSignOnOnce(jmx: JmxProxy, signal: AbortSignal): Promise<void> {
  const valves = await jmx.queryAll('Catalina:type=Valve,*', signal);
  const valve = valves.map(({ attributes }) => attributes.get('className') ?? '').find((name) => VALVE.test(name));
  if (valve === undefined) return;
  throw notMovable(
    `Machine ${jmx.machine.name} has single sign-on (${valve}): a restart logs its users out of every application but the one in which they have logged in.`,
    'Remove the valve, or accept that with sessions.loseSingleSignOn: true.',
  );
}
