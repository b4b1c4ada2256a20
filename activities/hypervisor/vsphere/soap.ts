// One call of the vSphere Web Services API (SOAP 1.1 over HTTPS).

import type { Element } from '@xmldom/xmldom';
import type { Dispatcher } from 'undici';
import { request } from 'undici';
import { within } from '../../../config/within.js';
import type { Target } from './errors.js';
import { callFailed, noApi, unreachable, VimFault } from './errors.js';
import type { Content } from './xml.js';
import { bodyOf, childrenOf, envelope, textOf, typeOf } from './xml.js';

/** A call takes some 10 to 100 ms. Chosen: what takes longer is looked at again. */
const LIMIT_MS = 15_000;
/** Far above what the API says of one machine. */
const MAX_ANSWER_CHARS = 1_000_000;
/** What is called is in every version since; newer servers speak the older ones as well. */
const VERSION = 'urn:vim25/6.5';

export interface Call {
  method: string;
  content: Content;
  /** Of the session, once there is one. */
  cookie?: string;
}

export interface Answer {
  response: Element;
  /** A new session's. */
  cookie: string | undefined;
}

/** Throws VimFault where the server says no, and an OperatorError where it says nothing that we understand. */
export async function callVim(target: Target, dispatcher: Dispatcher, call: Call, signal: AbortSignal): Promise<Answer> {
  const { statusCode, headers, text } = await within(LIMIT_MS, signal, (limited) =>
    post(target, dispatcher, call, limited),
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    throw callFailed(target, error);
  });
  const response = understood(target, statusCode, text);
  if (response.localName === 'Fault') throw faultOf(response);
  const cookie = [headers['set-cookie'] ?? []].flat()[0]?.split(';')[0];
  return { response, cookie };
}

interface Reply {
  statusCode: number;
  headers: Dispatcher.ResponseData['headers'];
  text: string;
}

async function post(
  { url }: Target,
  dispatcher: Dispatcher,
  { method, content, cookie }: Call,
  signal: AbortSignal,
): Promise<Reply> {
  const { statusCode, headers, body } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: VERSION, ...(cookie === undefined ? {} : { cookie }) },
    ...{ body: envelope(method, content), dispatcher, signal },
  });
  let text = '';
  for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_ANSWER_CHARS) break;
  }
  return { statusCode, headers, text };
}

/** Faults come with status 500; a gateway, or a server that is just starting, says 502 or 503 in its own words. */
function understood(target: Target, statusCode: number, text: string): Element {
  try {
    return bodyOf(text);
  } catch {
    if (statusCode >= 500) throw unreachable(target, `status ${statusCode}`);
    throw noApi(target, `status ${statusCode}`);
  }
}

function faultOf(fault: Element): VimFault {
  const [detail] = childrenOf(fault, 'detail').flatMap((found) => childrenOf(found));
  const name = typeOf(detail) ?? detail?.localName?.replace(/Fault$/, '') ?? 'Fault';
  return new VimFault(name, textOf(fault, 'faultstring') ?? '');
}
