import { expect, test } from 'vitest';
import { trustedPeers } from '../../proxy/trusted-peers.js';
import type { Socket } from 'node:net';
import { startTestProxy } from '../fixtures/proxy.js';

const SAID = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example', 'x-forwarded-for': '192.0.2.1' };

async function forwarded(trusted: string[]): Promise<Record<string, string>> {
  const { proxy } = await startTestProxy(
    (request, response) => response.end(JSON.stringify(request.headers)),
    {},
    { trustedPeers: trusted },
  );
  return (await (await fetch(proxy.url, { headers: SAID })).json()) as Record<string, string>;
}

test('a TLS terminator that is trusted says how the client came', async () => {
  expect(await forwarded(['127.0.0.0/8'])).toMatchObject({ ...SAID, 'x-forwarded-for': '192.0.2.1, 127.0.0.1' });
});

test('what anybody else says of scheme and host is not believed', async () => {
  expect(await forwarded(['192.0.2.0/24'])).toMatchObject({
    'x-forwarded-proto': 'http',
    'x-forwarded-host': expect.stringContaining('127.0.0.1') as string,
  });
});

test.each([
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.0.0.0/8', '11.1.2.3', false],
  ['10.0.0.1', '10.0.0.2', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['2001:db8::/32', '2001:db8::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
])('of %s, %s is a peer: %s', (peer, remoteAddress, expected) => {
  expect(trustedPeers([peer])({ remoteAddress } as Socket)).toBe(expected);
});
