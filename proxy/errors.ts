// What a client is told when a request cannot be answered. Addresses stay inside.

import { OperatorError } from '../config/operator-error.js';

export class ProxyError extends OperatorError {}

export const holdExpired = (): ProxyError =>
  new ProxyError('HOLD_EXPIRED', 'The session is being moved and its owner could not be decided in time.', 'Try again.', {
    status: 503,
    retryable: true,
  });

export const queueFull = (): ProxyError =>
  new ProxyError('QUEUE_FULL', 'Too many requests wait for their session to be moved.', 'Try again.', {
    status: 503,
    retryable: true,
  });

/** RFC 9110 section 15.6: 504 when the machine is too slow, 502 when it fails; 500 only for our own fault. */
export function upstreamError(cause: unknown): ProxyError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ProxyError('UPSTREAM_TIMEOUT', 'The application server did not answer in time.', 'Try again later.', {
      status: 504,
      cause,
    });
  }
  return new ProxyError('UPSTREAM_FAILED', 'The application server failed to answer.', 'Try again later.', {
    status: 502,
    cause,
  });
}

/** Whether the machine cannot have seen the request: nothing was sent. */
export function wasNeverSent(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_INVALID_ARG';
}
