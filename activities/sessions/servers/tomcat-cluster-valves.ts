// What a cluster of Tomcat does with each request is a matter of its valves: who sends a session's changes, and who renames it.

import type { TomcatClusterConfig } from '../../../config/types.js';
import { notMovable } from '../../errors.js';
import type { Bean, JmxProxy } from '../jmx-proxy.js';
import { keysOf } from '../object-name.js';

const IN_SERVER_XML = 'in the Cluster of server.xml, as docs/servers/tomcat-cluster.md shows';

/**
 * Refuses a machine that does not send every change of these contexts' sessions to the other one. Without a ReplicationValve, and where its filter
 * matches, both machines know a new session's id all the same, and what is set in it stays with one (tested). Refuses one that renames the
 * sessions which come from the other, too.
 */
export async function mustSendEveryChange(
  jmx: Pick<JmxProxy, 'machine' | 'queryAll'>,
  { contexts, virtualHost }: Pick<TomcatClusterConfig, 'contexts' | 'virtualHost'>,
  signal: AbortSignal,
): Promise<void> {
  const valves = (await jmx.queryAll('Catalina:type=Valve,*', signal)).map(placed);
  const [engine] = await jmx.queryAll('Catalina:type=Engine', signal);
  const { name } = jmx.machine;
  for (const context of contexts) {
    const around = valves.filter(
      ({ host, context: own }) => (host ?? virtualHost) === virtualHost && (own ?? (context || '/')) === (context || '/'),
    );
    const senders = around.filter(({ valve }) => valve === 'ReplicationValve');
    const [sender] = senders;
    if (sender === undefined) {
      throw notMovable(
        `Machine ${name} has no ReplicationValve for context ${context || '(root)'}: it announces new sessions, and sends nothing that is set in them.`,
        `Put <Valve className="org.apache.catalina.ha.tcp.ReplicationValve"/> ${IN_SERVER_XML}.`,
      );
    }
    // Tomcat tells of no filter where it has none.
    if (senders.every(({ attributes }) => attributes.has('filter'))) {
      throw notMovable(
        `Machine ${name} sends no changes of requests that the filter of its ReplicationValve matches (${sender.attributes.get('filter') ?? ''}).`,
        'Remove the filter in server.xml: nobody can tell that none of these requests changes a session.',
      );
    }
    const renames = around.some(
      ({ valve, attributes }) => valve === 'JvmRouteBinderValve' && attributes.get('enabled') !== 'false',
    );
    if (!renames || engine?.attributes.has('jvmRoute') !== true) continue;
    throw notMovable(
      `Machine ${name} renames the sessions that come from the other machine (JvmRouteBinderValve).`,
      `Put the ReplicationValve alone ${IN_SERVER_XML}: where it has no Valve element, Tomcat adds both.`,
    );
  }
}

interface PlacedValve {
  valve: string;
  /** Undefined: of the Engine, or of the Host. */
  host: string | undefined;
  context: string | undefined;
  attributes: Bean['attributes'];
}

/** By its object name: Tomcat tells of no class of a ReplicationValve. */
function placed({ name, attributes }: Bean): PlacedValve {
  const keys = keysOf(name);
  return { valve: keys.get('name') ?? '', host: keys.get('host'), context: keys.get('context'), attributes };
}
