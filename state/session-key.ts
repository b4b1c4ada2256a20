// Session keys: what the outside of the request path may know of a session id.

import { createHmac } from 'node:crypto';

/** Turns a normalised session id (route marker stripped) into its key: 22 characters, base64url. */
export type SessionKeyHash = (normalisedId: string) => string;

/** HMAC-SHA256 cut to 128 bits (RFC 2104 section 5 allows half the hash's length). */
export function createSessionKeyHash(secret: string): SessionKeyHash {
  return (normalisedId) => createHmac('sha256', secret).update(normalisedId).digest().subarray(0, 16).toString('base64url');
}
