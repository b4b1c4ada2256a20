// What servers add to a session id to say which machine has it. The rest is the session's id, whichever machine adds to it.

/**
 * `suffix-dot`: `ID.route` (Tomcat, WildFly). `suffix-bang`: `ID!primary!secondary` (WebLogic). `clone-ids`: four characters, the id,
 * and `:clone` for each machine that has served it (WebSphere, Liberty).
 */
export const ROUTE_MARKERS = ['suffix-dot', 'suffix-bang', 'clone-ids', 'none'] as const;
export type RouteMarker = (typeof ROUTE_MARKERS)[number];

/** Length of the number that WebSphere counts up where the copy of a session in a machine's cache has become stale. */
const CACHE_ID = 4;

/** The id in what a cookie, path or header carries, quoted (RFC 6265 section 4.1.1) or not; '' where there is none. */
export function normalisedId(value: string, marker: RouteMarker): string {
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  switch (marker) {
    case 'suffix-dot':
      return before(bare, '.');
    case 'suffix-bang':
      return before(bare, '!');
    case 'clone-ids':
      return before(bare.slice(CACHE_ID), ':');
    case 'none':
      return bare;
  }
}

function before(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return at < 0 ? text : text.slice(0, at);
}
