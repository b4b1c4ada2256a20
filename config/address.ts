// host:port, as it stands in the configuration, in variables and on command lines.

import { isIPv6 } from 'node:net';
import type { ListenAddress } from './types.js';

const MAX_PORT = 65_535;

/** Host and port, or null when `text` is something else. An IPv6 address stands in brackets. */
export function parseAddress(text: string): ListenAddress | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\s[\]]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > MAX_PORT || (bracketed !== undefined && !isIPv6(bracketed))) return null;
  return { host, port };
}

/** What is allowed where an address belongs. */
export function addressLike(example: string): string {
  return `host:port, such as ${example}, the port at most ${MAX_PORT}`;
}
