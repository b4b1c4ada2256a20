// Where session ids travel in requests and responses. Pure; the only place that sees ids in the clear.

import { normalisedId } from '../config/route-marker.js';
import type { SessionIdConfig } from '../config/types.js';

/** What of a request can carry ids: the raw Cookie header values and the request target. */
export interface IdCarrier {
  cookie: string | undefined;
  url: string;
}

/** Normalised ids of a request, each once: from the configured cookies, then from the path parameter. */
export function requestIds(carrier: IdCarrier, config: SessionIdConfig): string[] {
  const ids = new Set<string>();
  if (carrier.cookie !== undefined) {
    // RFC 6265 section 5.4 separates by "; "; several Cookie headers have been joined the same way (RFC 9113 section 8.2.3).
    for (const pair of carrier.cookie.split(';')) addCookie(ids, pair, config);
  }
  if (config.pathParameter !== null) {
    const path = carrier.url.split('?', 1)[0] ?? '';
    const marker = `;${config.pathParameter}=`;
    const start = path.toLowerCase().indexOf(marker.toLowerCase());
    if (start >= 0) add(ids, path.slice(start + marker.length).split(/[;/]/, 1)[0] ?? '', config);
  }
  return [...ids];
}

/** Normalised ids that a response sets. A cookie that is being deleted (empty value) sets none. */
export function responseIds(setCookies: readonly string[], config: SessionIdConfig): string[] {
  const ids = new Set<string>();
  for (const header of setCookies) addCookie(ids, header.split(';', 1)[0] ?? '', config);
  return [...ids];
}

function addCookie(ids: Set<string>, pair: string, config: SessionIdConfig): void {
  const equals = pair.indexOf('=');
  if (equals < 0 || !config.cookies.includes(pair.slice(0, equals).trim())) return;
  add(ids, pair.slice(equals + 1).trim(), config);
}

function add(ids: Set<string>, value: string, config: SessionIdConfig): void {
  const id = normalisedId(value, config.routeMarker);
  if (id !== '') ids.add(id);
}
