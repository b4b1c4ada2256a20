// What a client is told when a request cannot be answered. Addresses stay inside.

import type { ServerResponse } from 'node:http';
import { codeOf } from '../config/error-code.js';
import { OperatorError } from '../config/operator-error.js';
import type { Totals } from './totals.js';

export class ProxyError extends OperatorError {}

export const holdExpired = (): ProxyError =>
  new ProxyError('HOLD_EXPIRED', 'The session is being moved and its owner could not be decided in time.', 'Try again.', {
    status: 503,
    retryable: true,
  });

export const queueFull = (): ProxyError =>
  new ProxyError('QUEUE_FULL', 'Too many requests wait for their session.', 'Try again.', {
    status: 503,
    retryable: true,
  });

export const sessionBusy = (): ProxyError =>
  new ProxyError('SESSION_BUSY', 'An earlier request of the session was not answered in time.', 'Try again.', {
    status: 503,
    retryable: true,
  });

export const noConnection = (): ProxyError =>
  new ProxyError('UPSTREAM_BUSY', 'No connection to the application server was free in time.', 'Try again.', {
    status: 503,
    retryable: true,
  });

export const struckFromRegister = (): ProxyError =>
  new ProxyError('PROXY_STRUCK', 'This proxy may not route any more and is about to end.', 'Try again.', {
    status: 503,
    retryable: true,
  });

/** RFC 9110 section 15.5.9 */
export const requestNeverCame = (): ProxyError =>
  new ProxyError('REQUEST_TIMEOUT', 'The body of the request did not begin in time.', 'Send it again.', { status: 408 });

/** RFC 9110 section 15.6: 504 when the machine is too slow, 502 when it fails; 500 only for our own fault. */
export function upstreamError(cause: unknown): ProxyError {
  if (isTimeout(cause)) {
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

/** Whether the machine was too slow, to connect or to answer. */
export function isTimeout(cause: unknown): boolean {
  return ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'].includes(codeOf(cause, ''));
}

/** Whether the machine cannot have seen the request: nothing was sent. */
export function wasNeverSent(cause: unknown): boolean {
  const code = codeOf(cause, '');
  return code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_INVALID_ARG';
}

/** Answers an error as JSON when the head has not left; otherwise all that is left is to break the connection. */
export function answerError(response: ServerResponse, totals: Totals, cause: unknown): void {
  const error = cause instanceof ProxyError ? cause : upstreamError(cause);
  totals.count('proxy', error.status);
  if (response.headersSent || response.destroyed) {
    // HTTP/1.0 knows no other end of a body than that of the connection: only a reset tells the client that this is none.
    if (response.req.httpVersion === '1.0') response.socket?.resetAndDestroy();
    response.destroy();
    return;
  }
  const requestId = crypto.randomUUID();
  const body = JSON.stringify({ code: error.code, message: error.message, remedy: error.remedy, requestId });
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    ...(error.status === 503 ? { 'retry-after': '1' } : {}),
    connection: 'close',
  });
  response.end(body);
}
