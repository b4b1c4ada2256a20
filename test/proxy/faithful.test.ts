import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { startTestProxy } from '../fixtures/proxy.js';
import { raw } from '../fixtures/raw-http.js';

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test.each(['/50%', '/x%zz', '/caf%E9', '/a/../b', '//x', '/a?b=%', '/;jsessionid=1'])(
  'the path %s reaches the machine as it was sent',
  async (path) => {
    const { proxy } = await startTestProxy((request, response) => response.end(request.url));

    const answer = await raw(proxy.url, `GET ${path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n`);

    expect(answer).toContain(' 200 ');
    expect(answer.split('\r\n\r\n')[1]).toContain(path);
  },
);

test.each(['PROPFIND', 'REPORT', 'DELETE', 'PATCH', 'OPTIONS'])('the method %s passes with its body', async (method) => {
  const { proxy } = await startTestProxy((request, response) => {
    void bodyOf(request).then((body) => response.end(`${request.method ?? ''} ${body.toString()}`));
  });

  const answer = await fetch(proxy.url, { method, body: 'payload' });

  expect(await answer.text()).toBe(`${method} payload`);
});

test('a large body that is not UTF-8 passes unchanged both ways, whatever its type says', async () => {
  const { proxy } = await startTestProxy((request, response) => {
    void bodyOf(request).then((body) => response.end(body));
  });
  const sent = randomBytes(5 * 1024 * 1024);

  for (const type of ['text/plain', 'application/json', 'nonsense', 'application/octet-stream']) {
    const answer = await fetch(proxy.url, { method: 'POST', body: sent, headers: { 'content-type': type } });
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(new Uint8Array(await answer.arrayBuffer()))).toBe(digest(sent));
  }
});

test('Host stays and X-Forwarded-* is added', async () => {
  const { proxy } = await startTestProxy((request, response) => response.end(JSON.stringify(request.headers)));

  const answer = await raw(
    proxy.url,
    'GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n',
  );

  const headers = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Record<string, string>;
  expect(headers).toMatchObject({
    ...{ host: 'shop.example', 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'http' },
    'x-forwarded-for': '192.0.2.1, 127.0.0.1',
  });
});

test('a request body streams: the machine has its beginning before the client has sent its end', async () => {
  let began: () => void = () => undefined;
  const beginning = new Promise<void>((resolve) => (began = resolve));
  const { proxy } = await startTestProxy((request, response) => {
    request.once('data', () => began());
    void bodyOf(request).then((body) => response.end(String(body.length)));
  });
  const client = httpRequest(proxy.url, { method: 'POST' });
  client.write('first');
  await beginning;
  client.end('second');

  const [answer] = (await once(client, 'response')) as [IncomingMessage];
  expect((await bodyOf(answer)).toString()).toBe('11');
});

test('a response streams, and several Set-Cookie headers stay apart', async () => {
  let finish: () => void = () => undefined;
  const { proxy } = await startTestProxy((_request, response) => {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.write('first');
    finish = () => response.end('second');
  });
  const client = httpRequest(proxy.url).end();
  const [answer] = (await once(client, 'response')) as [IncomingMessage];
  const [first] = (await once(answer, 'data')) as [Buffer];
  finish();

  expect(first.toString()).toBe('first');
  expect((await bodyOf(answer)).toString()).toBe('second');
  expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
});

test('Expect: 100-continue is answered and not forwarded', async () => {
  const { proxy } = await startTestProxy((request, response) => {
    void bodyOf(request).then((body) => response.end(`${request.headers.expect ?? 'none'} ${body.toString()}`));
  });
  const client = httpRequest(proxy.url, { method: 'POST', headers: { expect: '100-continue' } });
  client.flushHeaders();
  await once(client, 'continue');
  client.end('body');

  const [answer] = (await once(client, 'response')) as [IncomingMessage];
  expect((await bodyOf(answer)).toString()).toBe('none body');
});
