// What the proxy is measured against: @fastify/http-proxy plain, and with its `handler` option and undici's dispatch.
// node reference-proxy.js plain|handler UPSTREAM; prints {"ready":true,"url":...}.

import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const [mode, upstream = ''] = process.argv.slice(2);
const server = Fastify({ logger: false });
const pool = new Pool(upstream, { connections: 128, pipelining: 1 });

if (mode === 'handler') {
  await server.register(httpProxy, {
    upstream: '',
    replyOptions: { getUpstream: () => upstream },
    handler: (request, reply) => {
      reply.hijack();
      const { raw } = reply;
      pool.dispatch(
        { path: request.raw.url ?? '/', method: 'GET', headers: request.raw.headers as Record<string, string> },
        {
          onConnect: () => undefined,
          onHeaders(statusCode, headers) {
            const flat: Record<string, string> = {};
            for (let i = 0; i < headers.length; i += 2)
              flat[headers[i]?.toString('latin1') ?? ''] = headers[i + 1]?.toString('latin1') ?? '';
            delete flat['Connection'];
            delete flat['Keep-Alive'];
            raw.writeHead(statusCode, flat);
            return true;
          },
          onData: (chunk) => raw.write(chunk),
          onComplete: () => raw.end(),
          onError: () => raw.destroy(),
        },
      );
    },
  });
} else {
  await server.register(httpProxy, { upstream, undici: pool });
}
await server.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ ready: true, url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}` }));
