// How servers name their session ids unless they are told otherwise.

import type { SessionIdConfig, SessionsConfig } from './types.js';

/** The servlet specification's names (Jakarta Servlet 6.0, section 7.1), and a marker behind a dot. */
const SERVLET: SessionIdConfig = {
  cookies: ['JSESSIONID'],
  pathParameter: 'jsessionid',
  pathSegment: null,
  headers: [],
  routeMarker: 'suffix-dot',
};

/** WebSphere Liberty's httpSession: the same names, between the number of a copy and the machines that have served it. */
const CLONES: SessionIdConfig = { ...SERVLET, routeMarker: 'clone-ids' };

const CUSTOMARY: Record<SessionsConfig['mechanism'], SessionIdConfig> = {
  'tomcat-swap': SERVLET,
  'tomcat-cluster': SERVLET,
  'shared-store': SERVLET,
  liberty: CLONES,
  wildfly: SERVLET,
  none: SERVLET,
};

/** What the configuration says of session ids, and what it leaves out as servers with this mechanism have it. */
export function sessionIds(
  mechanism: SessionsConfig['mechanism'],
  given: { [Field in keyof SessionIdConfig]?: SessionIdConfig[Field] | undefined },
): SessionIdConfig {
  const customary = CUSTOMARY[mechanism];
  return {
    cookies: given.cookies ?? customary.cookies,
    pathParameter: given.pathParameter === undefined ? customary.pathParameter : given.pathParameter,
    pathSegment: given.pathSegment === undefined ? customary.pathSegment : given.pathSegment,
    headers: given.headers ?? customary.headers,
    routeMarker: given.routeMarker ?? customary.routeMarker,
  };
}
