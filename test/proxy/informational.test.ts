import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startTestProxy } from '../fixtures/proxy.js';
import { raw } from '../fixtures/raw-http.js';

const HEAD = { etag: '"v1"', 'content-length': '5' };

function ask(url: string, method = 'GET', version = '1.1'): Promise<string> {
  return raw(url, `${method} / HTTP/${version}\r\nHost: shop\r\nConnection: close\r\n\r\n`);
}

/** The status codes of all answers, informational ones too, in their order. */
function statuses(answer: string): number[] {
  return [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => Number(code));
}

test('102 and 103 pass before the answer, with the headers of the hints', async () => {
  const { proxy } = await startTestProxy((_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style', 'x-hint': 'early' });
    response.end('served');
  });

  const answer = await ask(proxy.url);

  expect(statuses(answer)).toEqual([102, 103, 200]);
  expect(answer).toMatch(/103 Early Hints\r\nlink: <\/a.css>; rel=preload; as=style\r\nx-hint: early\r\n\r\n/i);
  expect(answer).toMatch(/served/);
});

test.each(['</a.css>; rel=preload, </b.js>; rel=preload', '</a.css>; rel=preload; title="a; b"', 'nonsense'])(
  'hints that Node would not write itself pass as they are: %s',
  async (link) => {
    const { proxy } = await startTestProxy((_request, response) => {
      response.socket?.write(`HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n\r\n`);
      response.end('served');
    });

    const answer = await ask(proxy.url);

    expect(statuses(answer)).toEqual([103, 200]);
    expect(answer).toContain(`Link: ${link}\r\n`);
  },
);

test('an HTTP/1.0 client gets its answer, without chunks and without informational ones', async () => {
  const { proxy } = await startTestProxy((_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.write('first ');
    response.end('second');
  });

  const answer = await ask(proxy.url, 'GET', '1.0');

  expect(statuses(answer)).toEqual([200]);
  expect(answer).not.toMatch(/transfer-encoding/i);
  expect(answer.split('\r\n\r\n')[1]).toBe('first second');
});

test('trailers pass', async () => {
  const { proxy } = await startTestProxy((_request, response) => {
    response.writeHead(200, { trailer: 'X-Checksum' });
    response.write('body');
    response.addTrailers([
      ['X-Checksum', 'abc'],
      ['X-Name', 'caf\xe9'],
    ]);
    response.end();
  });

  const answer = await ask(proxy.url);

  expect(answer).toMatch(/^trailer: X-Checksum\r\n/im);
  expect(answer).toMatch(/\r\n0\r\nX-Checksum: abc\r\nX-Name: caf\xe9\r\n\r\n$/);
});

test.each([
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 304],
  ['HEAD', 304],
])('the answer to %s with %i keeps its headers and has no body, and the next request is served', async (method, status) => {
  const { proxy } = await startTestProxy((request, response) => {
    if (request.url === '/next') return void response.end('next');
    response.writeHead(status, status === 204 ? { etag: HEAD.etag } : HEAD);
    response.end();
  });
  const next = 'GET /next HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n';

  const answer = await raw(proxy.url, `${method} / HTTP/1.1\r\nHost: shop\r\n\r\n${next}`);

  const [head = '', nextHead] = answer.split('\r\n\r\n');
  expect(statuses(answer)).toEqual([status, 200]);
  expect(head).toMatch(/^etag: "v1"$/im);
  if (status !== 204) expect(head).toMatch(/^content-length: 5$/im);
  expect(head).not.toMatch(/^transfer-encoding/im);
  expect(nextHead).toMatch(/^HTTP\/1\.1 200 /);
});

test('a careless proxy fails these checks', async () => {
  const { servers } = await startTestProxy((_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.writeHead(200, { etag: HEAD.etag, trailer: 'X-Checksum' });
    response.write('hello');
    response.addTrailers([['X-Checksum', 'abc']]);
    response.end();
  });
  const careless = createServer((_request, response) => {
    void fetch(urlOf(servers[0])).then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
  });
  await once(careless.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void careless.close());

  const direct = await ask(urlOf(servers[0]));
  const through = await ask(urlOf(careless));

  expect(statuses(direct)).toEqual([103, 200]);
  expect(direct).toMatch(/etag: "v1"[^]*X-Checksum: abc/i);
  expect(statuses(through)).toEqual([200]);
  expect(through).not.toMatch(/etag|x-checksum/i);
});

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
