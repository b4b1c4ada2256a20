// One request to one machine: decide, count, send. Its answer is proxy/answer.ts.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { OnUpgrade } from './answer.js';
import { Answer } from './answer.js';
import { answerError, struckFromRegister } from './errors.js';
import { requestHeaders } from './headers.js';
import { Exchange } from './in-flight.js';
import type { PoolTraffic } from './pool-traffic.js';
import { ClientGone } from './waiting-request.js';

/** Sends a request where it belongs. Returns once it is on its way or waits, for its turn or in the gate; never throws. */
export function forward(traffic: PoolTraffic, request: IncomingMessage, response: ServerResponse, onUpgrade?: OnUpgrade): void {
  const exchange = new Exchange(request, traffic.ids, traffic.hash);
  if (traffic.isClosing) response.shouldKeepAlive = false;
  const turn = traffic.turns?.take(exchange, response) ?? null;
  if (turn === null) return admit(traffic, exchange, response, onUpgrade);
  turn.then(
    () => admit(traffic, exchange, response, onUpgrade),
    (error: unknown) => refuse(traffic, exchange, response, error),
  );
}

function admit(traffic: PoolTraffic, exchange: Exchange, response: ServerResponse, onUpgrade: OnUpgrade | undefined): void {
  if (traffic.isStruck) return refuse(traffic, exchange, response, struckFromRegister());
  const admitted = traffic.gate.admit(exchange, response);
  if (typeof admitted === 'string') return dispatch(traffic, exchange, response, admitted, onUpgrade);
  admitted.then(
    (machine) => dispatch(traffic, exchange, response, machine, onUpgrade),
    (error: unknown) => refuse(traffic, exchange, response, error),
  );
}

function refuse(traffic: PoolTraffic, exchange: Exchange, response: ServerResponse, error: unknown): void {
  exchange.turn?.end();
  if (!(error instanceof ClientGone)) answerError(response, traffic.totals, error);
}

function dispatch(
  traffic: PoolTraffic,
  exchange: Exchange,
  response: ServerResponse,
  machine: string,
  onUpgrade: OnUpgrade | undefined,
): void {
  const { request, hasBody } = exchange;
  exchange.links = traffic.linksOf(machine);
  const answer = new Answer(traffic, exchange, response, onUpgrade);
  // An event stream keeps its connection as long as it likes: it must not use up those of ordinary requests.
  const wantsStream = request.headers.accept?.startsWith('text/event-stream') === true;
  try {
    traffic.machines.get(machine, wantsStream).dispatch(
      {
        path: request.url ?? '/',
        // Any token is a method (RFC 9110 section 9.1); undici's type knows only the common ones.
        method: request.method as Dispatcher.HttpMethod,
        headers: requestHeaders(request, traffic.isTrustedPeer(exchange.socket), exchange.links !== null),
        body: hasBody ? request : null,
        ...(onUpgrade && request.headers.upgrade !== undefined ? { upgrade: request.headers.upgrade } : {}),
      },
      answer,
    );
  } catch (error) {
    answer.onError(error instanceof Error ? error : new Error(String(error)));
  }
}
