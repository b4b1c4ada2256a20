// The shop of the demo as a Node application: the same requests and answers as the Tomcat one (demo/tomcat-app).
// HOST, PORT and DATABASE_URL come from the environment (examples/servers/node/shop.env); the table is there.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Session } from './session-store.js';
import { SessionStore } from './session-store.js';

const COOKIE = 'sid';
const CONTEXT = '/shop';
const ITEMS_SHOWN = 200;
const MAX_SLEEP_MS = 60_000;

const database = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
database.on('error', () => undefined);
const store = new SessionStore(database);

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});
server.keepAliveTimeout = 20_000;
server.listen(Number(process.env['PORT']), process.env['HOST']);
process.once('SIGTERM', () => {
  server.close(() => void database.end());
  server.closeIdleConnections();
});

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://shop');
  const body = await readBody(request);
  const action = `${request.method ?? 'GET'} ${url.pathname.slice(CONTEXT.length)}`;
  const item = url.searchParams.get('item');
  if (action === 'GET /health') return void response.end('ok');
  const sent = sessionId(request);
  const id = sent ?? randomBytes(16).toString('hex');
  if (sent === null) setCookie(response, id);
  switch (action) {
    case 'GET /cart':
      return answer(response, id);
    case 'POST /cart':
      return answer(response, id, item);
    case 'POST /early':
      return answerEarly(response, id, item, msOf(url));
    case 'GET /slow':
    case 'POST /slow':
      return answer(response, id, item, msOf(url));
    case 'POST /login':
      return logIn(response, id, url.searchParams);
    case 'POST /soap':
      return answerSoap(response, id, /<item>([^<]*)<\/item>/.exec(body)?.[1] ?? null);
    case 'POST /brief':
      return makeBrief(response, id, Number(url.searchParams.get('seconds')));
    case 'POST /logout':
      await store.destroy(id);
      return void response.end('{}');
    default:
      response.writeHead(404).end();
  }
}

async function answer(response: ServerResponse, id: string, item: string | null = null, ms = 0): Promise<void> {
  const json = await store.use(id, async (session, isNew) => {
    // Slow pages write late: what they add is only in memory until then.
    if (ms > 0) await sleep(ms);
    add(session, item);
    return JSON.stringify(view(session, isNew));
  });
  response.setHeader('content-type', 'application/json');
  response.end(json);
}

/** The answer is complete at the client, and only then is saved what it has changed: as where an application does not wait for its store. */
async function answerEarly(response: ServerResponse, id: string, item: string | null, ms: number): Promise<void> {
  await store.use(id, async (session, isNew) => {
    add(session, item);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(view(session, isNew)));
    await sleep(ms);
  });
}

async function answerSoap(response: ServerResponse, id: string, item: string | null): Promise<void> {
  const count = await store.use(id, (session) => {
    add(session, item);
    return Promise.resolve(session.count);
  });
  response.setHeader('content-type', 'text/xml; charset=utf-8');
  response.end(
    `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><added><count>${count}</count></added></soap:Body></soap:Envelope>`,
  );
}

async function logIn(response: ServerResponse, id: string, form: URLSearchParams): Promise<void> {
  if (form.get('user') !== 'demo' || form.get('password') !== 'demo') return void response.writeHead(403).end();
  // Session fixation: the id changes with the log-in (OWASP Session Management Cheat Sheet).
  const newId = randomBytes(16).toString('hex');
  const json = await store.use(id, async (session, isNew) => {
    session.user = 'demo';
    await store.rename(id, newId, session);
    return JSON.stringify(view(session, isNew));
  });
  await store.destroy(id);
  setCookie(response, newId);
  response.setHeader('content-type', 'application/json');
  response.end(json);
}

/** The session ends when nobody has used it for so many seconds. */
async function makeBrief(response: ServerResponse, id: string, seconds: number): Promise<void> {
  await store.use(id, (session) => {
    session.brief = { ms: seconds * 1000, usedAtMs: Date.now() };
    return Promise.resolve();
  });
  response.end('{}');
}

function add(session: Session, item: string | null): void {
  if (item === null || item === '') return;
  session.count++;
  session.items.push(item);
  if (session.items.length > ITEMS_SHOWN) session.items.splice(0, session.items.length - ITEMS_SHOWN);
}

function view(session: Session, isNew: boolean): object {
  return { count: session.count, items: session.items, user: session.user, created: session.created, new: isNew };
}

function msOf(url: URL): number {
  return Math.min(Number(url.searchParams.get('ms') ?? 0), MAX_SLEEP_MS);
}

function sessionId(request: IncomingMessage): string | null {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]{32})`).exec(request.headers.cookie ?? '')?.[1] ?? null;
}

function setCookie(response: ServerResponse, id: string): void {
  response.setHeader('set-cookie', `${COOKIE}=${id}; Path=${CONTEXT}; HttpOnly`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
