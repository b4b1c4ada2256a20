// Scheme, host and port of a server, as it stands in the configuration and on command lines.

import type { ListenAddress } from './types.js';

/** One spelling for each origin, so that the same machine is seen to be the same; null when `text` is something else. */
export function parseOrigin(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return /^\/?$/.test(url.pathname + url.search + url.hash) && url.username + url.password === '' ? url.origin : null;
}

/** Whether a server that listens there is the one that this origin names, as far as that can be told without a look at DNS. */
export function isAddressOf({ host, port }: ListenAddress, origin: string): boolean {
  const { hostname, port: given, protocol } = new URL(origin);
  const named = hostname.replace(/^\[|\]$/g, '');
  const isEverywhere = /^(0\.0\.0\.0|::)$/.test(host) && /^(127\.[\d.]+|localhost|::1)$/.test(named);
  return port === Number(given || (protocol === 'https:' ? 443 : 80)) && (host === named || isEverywhere);
}

/** What is allowed where an origin belongs. */
export function originLike(example: string): string {
  return `an origin without path, such as ${example}`;
}
