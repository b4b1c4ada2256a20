// All that is deployed in a Tomcat, beside what the configuration names.

import type { TomcatClusterConfig, TomcatSwapConfig } from '../../config/types.js';
import { notMovable } from '../errors.js';
import type { Bean, JmxProxy } from './jmx-proxy.js';
import { keysOf } from './object-name.js';
import type { Application } from './unnamed-applications.js';
import { nameContexts, unnamed, wouldBeLost } from './unnamed-applications.js';

const PERSISTENT = 'org.apache.catalina.session.PersistentManager';

type Beans = Pick<JmxProxy, 'machine' | 'queryAll'>;
type Named<Field extends keyof TomcatSwapConfig & keyof TomcatClusterConfig> = Pick<
  TomcatSwapConfig | TomcatClusterConfig,
  Field
>;

/**
 * Refuses a Tomcat with contexts that have sessions, or may have stored some, and are in neither `contexts` nor `loseContexts`. The manager's own
 * sessions, which a browser begins there, are an operator's; the worker begins none (tested).
 */
export async function mustNameAll(
  jmx: Beans,
  { contexts, loseContexts, virtualHost, manager }: Named<'contexts' | 'loseContexts' | 'virtualHost' | 'manager'>,
  signal: AbortSignal,
): Promise<void> {
  const managers = await jmx.queryAll('Catalina:type=Manager,host=*,context=*', signal);
  const found = managers.flatMap((bean) => {
    const { host, context, ...sessions } = countedBy(bean);
    // The contexts of the pool's own host are named by their paths alone.
    return context === manager.path ? [] : { name: host === virtualHost ? context : `//${host}${context}`, ...sessions };
  });
  const left = unnamed(found, new Set([...contexts, ...loseContexts]));
  if (left.length === 0) return;
  throw wouldBeLost(jmx.machine.name, left, nameContexts);
}

function countedBy({ name, attributes }: Bean): Omit<Application, 'name'> & { host: string; context: string } {
  const keys = keysOf(name);
  const [host = '', context = ''] = [keys.get('host'), keys.get('context')?.replace(/^\/$/, '')];
  const count = (attribute: string): number => Number(attributes.get(attribute) ?? 0);
  const stores = attributes.get('className') === PERSISTENT;
  return { host, context, active: count('activeSessions'), begun: count('sessionCounter'), stores };
}

/**
 * Refuses a context whose cookie (`sessionCookieName` of its Context, or of Tomcat's context.xml) is not one of the pool's: no proxy would know
 * its sessions. A name in `web.xml` Tomcat does not tell.
 */
export async function mustKnowCookies(
  jmx: Beans,
  { contexts, virtualHost }: Named<'contexts' | 'virtualHost'>,
  cookies: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const context of contexts) {
    const pattern = `Catalina:j2eeType=WebModule,name=//${virtualHost}${context || '/'},*`;
    const [module] = await jmx.queryAll(pattern, signal);
    const name = module?.attributes.get('sessionCookieName');
    if (name === undefined || cookies.includes(name) || module?.attributes.get('cookies') === 'false') continue;
    throw notMovable(
      `Context ${context || '(root)'} of machine ${jmx.machine.name} has its session ids in the cookie ${name}, which sessionId.cookies does not name.`,
      `Add it: sessionId.cookies: [${[...cookies, name].join(', ')}].`,
    );
  }
}
