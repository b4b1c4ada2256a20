// Servers that use no cookies name the sessions that they begin in the links of their pages alone.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setImmediate as soon } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hasReadableLinks, PageLinks } from '../../proxy/page-links.js';
import { startMovingPool } from '../fixtures/moving-pool.js';
import { startTestProxy } from '../fixtures/proxy.js';

const MARK = ';jsessionid=';

function found(...chunks: string[]): string | null {
  const links = new PageLinks(MARK);
  for (const chunk of chunks) links.read(Buffer.from(chunk));
  links.end();
  return links.id;
}

test.each([
  ['in a link', '<a href="/shop/cart;jsessionid=A1.b?x=1">', 'A1.b'],
  ['in other letters', "<a href='cart;JSessionID=A1'>", 'A1'],
  ["with WebLogic's marks", '<form action="/cart;jsessionid=A1!-12!34">', 'A1!-12!34'],
  ["with WebSphere's marks", '<a href=/cart;jsessionid=0000A1:-1>', '0000A1:-1'],
  ['in JSON', '{"next":"/cart;jsessionid=A1"}', 'A1'],
  ['at the end of a plain text', 'go on at /cart;jsessionid=A1', 'A1'],
  ['first, before one that a user has written', '<link href="/x;jsessionid=A1"> see /x;jsessionid=B2 ', 'A1'],
  ['after one that is empty', '<a href="/x;jsessionid=">, <a href="/x;jsessionid=A1">', 'A1'],
])('an id is found %s, wherever chunks part it', (_where, page, id) => {
  expect(found(page)).toBe(id);
  expect(found(...page)).toBe(id);
  for (let at = 1; at < page.length; at++) expect(found(page.slice(0, at), page.slice(at))).toBe(id);
});

test.each(['', 'no link', 'jsessionid=A1', ';jsessionid=', `${MARK}${'x'.repeat(600)}`, `${MARK}${'x'.repeat(5000)}"`])(
  'a page without an id has none: %#',
  (page) => {
    expect(found(page)).toBeNull();
    expect(found(...page)).toBeNull();
  },
);

test.each([
  ['text/html; charset=utf-8', '', true],
  ['application/xhtml+xml', 'identity', true],
  ['application/json', '', true],
  ['text/html', 'gzip', false],
  ['image/svg', '', false],
  ['application/octet-stream', '', false],
  ['', '', false],
])('links of %s, encoded "%s", can be read: %s', (type, encoding, readable) => {
  expect(hasReadableLinks(type, encoding)).toBe(readable);
});

const inLinks = { cookies: [], pathParameter: 'jsessionid' };

/** Begins a session where the path names none, and writes its links in two chunks that part the id. */
function page(request: IncomingMessage, response: ServerResponse): void {
  const [, id = `made-by-${String(request.socket.localPort)}`] = /;jsessionid=([^?]*)/.exec(request.url ?? '') ?? [];
  response.setHeader('content-type', 'text/html').setHeader('x-machine', String(request.socket.localPort));
  response.setHeader('x-may-be-encoded', request.headers['accept-encoding'] ?? 'anyhow');
  response.write(`<a href="/cart;jsessionid=${id.slice(0, 4)}`);
  void soon().then(() => response.end(`${id.slice(4)}">cart</a>`));
}

async function follow(url: string, answer: Response): Promise<string | null> {
  const [, path = ''] = /href="([^"]*)"/.exec(await answer.text()) ?? [];
  return (await fetch(url + path)).headers.get('x-machine');
}

test('a session that the standby begins in the links of a page goes on there', async () => {
  const { proxy, ports } = await startMovingPool(page, {}, inLinks);
  const answer = await fetch(proxy.url, { headers: { 'accept-encoding': 'gzip' } });

  expect(answer.headers.get('x-machine')).toBe(String(ports[1]));
  expect(answer.headers.get('x-may-be-encoded')).toBe('identity');
  expect(await follow(proxy.url, answer)).toBe(String(ports[1]));
});

test('an id that the page ends with is known before the page has ended', async () => {
  const text: RequestListener = (request, response) =>
    response
      .setHeader('x-machine', String(request.socket.localPort))
      .setHeader('content-type', 'text/plain')
      .end('/;jsessionid=A1');
  const { proxy, ports } = await startMovingPool(text, {}, inLinks);
  const path = await (await fetch(proxy.url)).text();

  expect((await fetch(proxy.url + path)).headers.get('x-machine')).toBe(String(ports[1]));
});

test('a page whose session cannot be recorded in time is not ended as if it were whole', async () => {
  const { proxy, database } = await startMovingPool(page, { holdMaxMs: 200 }, inLinks);
  await database.drop();

  await expect(fetch(proxy.url).then((answer) => answer.text())).rejects.toThrow('terminated');
});

test("where cookies are used, links are nobody's word: a user may have written them", async () => {
  const { proxy, ports } = await startMovingPool(page, {}, { ...inLinks, cookies: ['sid'] });
  const answer = await fetch(proxy.url, { headers: { 'accept-encoding': 'gzip' } });

  expect(answer.headers.get('x-may-be-encoded')).toBe('gzip');
  expect(await follow(proxy.url, answer)).toBe(String(ports[0]));
});

test('a steady pool lets answers be encoded', async () => {
  const { proxy } = await startTestProxy(page, {}, {}, inLinks);
  const answer = await fetch(proxy.url, { headers: { 'accept-encoding': 'gzip' } });

  expect(answer.headers.get('x-may-be-encoded')).toBe('gzip');
  await answer.text();
});
