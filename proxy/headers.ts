// Headers on their way through: everything passes in its order and bytes, but for what belongs to one connection.

import type { IncomingMessage } from 'node:http';
import type { CarryingHeader, SessionIds } from './session-ids.js';

/** https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1; `expect` is answered by our own server. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
]);

/**
 * Flat list of names and values for the machine. What a trusted peer says of scheme and host is believed; otherwise it is what we see. Where
 * the answer must be readable, the machine is asked not to encode it (RFC 9110 section 12.5.3: to ask for nothing would let it).
 */
export function requestHeaders(request: IncomingMessage, fromTrustedPeer: boolean, mustBeReadable: boolean): string[] {
  const raw = request.rawHeaders;
  const dropped = namedByConnection(request.headers.connection);
  const headers: string[] = [];
  let forwardedFor = '';
  let proto: string | null = 'encrypted' in request.socket ? 'https' : 'http';
  let host = request.headers.host;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || lower === 'expect' || (mustBeReadable && lower === 'accept-encoding')) continue;
    if (lower === 'x-forwarded-proto' || lower === 'x-forwarded-host') {
      if (!fromTrustedPeer) continue;
      if (lower === 'x-forwarded-proto') proto = null;
      else host = undefined;
    }
    if (dropped !== null && dropped.has(lower)) continue;
    if (lower === 'x-forwarded-for')
      forwardedFor = forwardedFor === '' ? (raw[i + 1] ?? '') : `${forwardedFor}, ${raw[i + 1] ?? ''}`;
    else headers.push(name, raw[i + 1] ?? '');
  }
  if (mustBeReadable) headers.push('accept-encoding', 'identity');
  const client = request.socket.remoteAddress ?? 'unknown';
  headers.push('x-forwarded-for', forwardedFor === '' ? client : `${forwardedFor}, ${client}`);
  if (proto !== null) headers.push('x-forwarded-proto', proto);
  if (host !== undefined) headers.push('x-forwarded-host', host);
  return headers;
}

export interface ResponseHeaders {
  /** Flat list of names and values for the client. */
  headers: string[];
  /** Those that may carry session ids. */
  carrying: CarryingHeader[];
  contentType: string;
  contentEncoding: string;
}

/** Decodes a machine's headers byte by byte (latin1), so that whatever it sent leaves unchanged. */
export function responseHeaders(raw: readonly Buffer[], ids: SessionIds): ResponseHeaders {
  const headers: string[] = [];
  const carrying: CarryingHeader[] = [];
  let contentType = '';
  let contentEncoding = '';
  let dropped: Set<string> | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]?.toString('latin1') ?? '';
    const lower = name.toLowerCase();
    const value = raw[i + 1]?.toString('latin1') ?? '';
    if (lower === 'connection') dropped = namedByConnection(value);
    if (HOP_BY_HOP.has(lower)) continue;
    if (ids.mayCarry(lower)) carrying.push([lower, value]);
    if (lower === 'content-type') contentType = value;
    else if (lower === 'content-encoding') contentEncoding = value;
    headers.push(name, value);
  }
  if (dropped === null) return { headers, carrying, contentType, contentEncoding };
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  return { headers: kept, carrying, contentType, contentEncoding };
}

function namedByConnection(connection: string | undefined): Set<string> | null {
  if (connection === undefined || /^\s*(close|keep-alive)\s*$/i.test(connection)) return null;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}
