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
  const named = addressIn(origin);
  const isEverywhere = /^(0\.0\.0\.0|::)$/.test(host) && /^(127\.[\d.]+|localhost|::1)$/.test(named.host);
  return port === named.port && (host === named.host || isEverywhere);
}

/** Where an http or https URL leads: its port, which may be that of its scheme, and its host, an IPv6 address without brackets. */
export function addressIn(url: string): ListenAddress {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

/** What is allowed where an origin belongs. */
export function originLike(example: string): string {
  return `an origin without path, such as ${example}`;
}
