// Servers of a few lines stand in for those that take up any id, as PHP by default and .NET, sign their ids, encrypt them anew each time, or sign what is in their forms. The real ones
// are in test/servers.

import { createHmac, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { formIn } from '../../activities/sessions/form-canary.js';
import type { SharedCanary } from '../../activities/sessions/shared-canary.js';
import { sendCanary } from '../../activities/sessions/shared-canary.js';
import type { MachineConfig, PoolConfig } from '../../config/types.js';

interface Machine {
  address?: string;
  store: Map<string, string>;
  key?: string;
  cookie?: string;
  /** What it shows of a session beside when it began. */
  hides?: boolean;
  /** Takes up an id that it does not know, without a word or as it sets it with each answer; or refuses it. */
  adopts?: boolean;
  setsAnew?: boolean;
  refuses?: boolean;
  /** Ids have a signature, of which it looks at what it has made itself, or are encrypted anew with each answer. */
  signs?: boolean;
  encrypts?: boolean;
  /** What it adds to the id, to say which machine it is. */
  marks?: string;
  /** It shows the id that it was sent in place of when the session began. */
  showsId?: boolean;
}

async function machine(
  name: string,
  { address = '127.0.0.1', store, key = 'key', cookie = 'Path=/', ...is }: Machine,
): Promise<MachineConfig> {
  const hmac = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  const signed = (text: string): string => `${hmac(text)}"<&`;
  const server = createServer((request, response) => {
    void (async () => {
      const [, cookieSent = ''] = /sid=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
      const [bare = '', signature = ''] = cookieSent.split('~');
      const sent = is.signs !== true || signature === hmac(bare) ? bare : '';
      const written = (id: string): string => {
        if (is.signs === true) return `${id}~${hmac(id)}`;
        return is.encrypts === true ? `${id}~${randomUUID()}` : `${id}${is.marks ?? ''}`;
      };
      if (request.url === '/shop/nothing') response.statusCode = 404;
      const isThere = store.has(sent);
      if (is.refuses === true && sent !== '' && !isThere) return response.writeHead(400).end();
      const isKnown = sent !== '' && (is.adopts === true || isThere);
      const id = isKnown ? sent : randomUUID();
      const began = store.get(id) ?? randomUUID();
      store.set(id, began);
      if (!isKnown || is.setsAnew === true || is.encrypts === true || is.marks !== undefined)
        response.setHeader('set-cookie', `sid=${written(id)}; ${cookie}`);
      if (request.method === 'POST') {
        const form = new URLSearchParams(await textOf(request));
        response.statusCode = form.get('state') === signed(id) ? 200 : 500;
      }
      const state = signed(id).replace('"', '&quot;').replace('<', '&#60;').replace(/&$/, '&amp;');
      return response.end(
        `<p>began ${is.hides === true ? 'some time ago' : is.showsId === true ? id : began}</p><form method="post" action="page"><input type="hidden" name="state" value="${state}"></form>`,
      );
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  onTestFinished(() => void server.close());
  return { name, url: `http://${address}:${(server.address() as AddressInfo).port}` } as MachineConfig;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text;
}

const SHOWS = 'began ([^<]+)';

async function tryCanary(
  canary: Partial<SharedCanary>,
  ours: Partial<Machine> = {},
  theirs: Partial<Machine> = {},
): Promise<void> {
  const store = new Map<string, string>();
  const [primary, standby] = [await machine('a', { store, ...ours }), await machine('b', { store, ...theirs })];
  const pool = { sessionId: { cookies: ['sid'], headers: [], routeMarker: 'none' } } as unknown as PoolConfig;
  await sendCanary(
    pool,
    { primary, standby },
    { path: '/shop/page', shows: null, form: null, ...canary },
    0,
    new AbortController().signal,
  );
}

const refusal = (message: string): object => ({
  code: 'SESSIONS_NOT_MOVABLE',
  message: expect.stringContaining(message) as string,
});

test('a machine that sets another id has not found the session', async () => {
  await tryCanary({});
  await expect(tryCanary({}, {}, { store: new Map() })).rejects.toMatchObject(
    refusal('Machine b did not find the session that machine a has begun'),
  );
});

test('of a machine that takes up any id, only what the page shows tells, and without that it is refused', async () => {
  const adopts = { adopts: true };
  await tryCanary({ shows: SHOWS }, adopts, adopts);
  for (const how of [adopts, { ...adopts, setsAnew: true }])
    await expect(tryCanary({}, how, how)).rejects.toMatchObject(refusal('Machine b takes up any session id'));
  await expect(tryCanary({ shows: SHOWS }, adopts, { ...adopts, store: new Map() })).rejects.toMatchObject(
    refusal('Machine b did not find the session that machine a has begun'),
  );
});

test('a pattern that finds nothing, or the same in two sessions, is refused: it would prove nothing', async () => {
  await expect(tryCanary({ shows: 'ended ([^<]+)' })).rejects.toMatchObject(refusal('is not in /shop/page of machine a'));
  const hides = { hides: true };
  await expect(tryCanary({ shows: SHOWS }, hides, hides)).rejects.toMatchObject(refusal('shows the same for a session'));
});

test('of ids that are signed with one key only what the page shows tells that two machines share nothing', async () => {
  const signs = { signs: true, adopts: true };
  const elsewhere = { ...signs, store: new Map<string, string>() };
  await tryCanary({ shows: SHOWS }, signs, signs);
  await expect(tryCanary({ shows: SHOWS }, signs, elsewhere)).rejects.toMatchObject(
    refusal('Machine b did not find the session'),
  );
  // It refuses the signature of an id that is made up, so without `shows` this passes, and cli/check-hand-over.ts calls it unproved.
  await tryCanary({}, signs, elsewhere);
});

test('of ids that are encrypted anew with each answer only what the page shows tells', async () => {
  const encrypts = { encrypts: true };
  await tryCanary({ shows: SHOWS }, encrypts, encrypts);
  await expect(tryCanary({ shows: SHOWS }, encrypts, { ...encrypts, store: new Map() })).rejects.toMatchObject(
    refusal('Machine b did not find the session'),
  );
  await expect(tryCanary({}, encrypts, encrypts)).rejects.toMatchObject({
    ...refusal('Machine a gives a session another id with each answer'),
    remedy: expect.stringContaining('sessions.canary.shows') as string,
  });
});

test('a machine that adds its name to the id has found the session, and its routeMarker is missed', async () => {
  await expect(tryCanary({ shows: SHOWS }, { marks: '~a' }, { marks: '~b' })).rejects.toMatchObject({
    ...refusal('Machine b found the session of machine a, and gave it another id'),
    remedy: expect.stringContaining('sessionId.routeMarker') as string,
  });
});

test('a page that shows the id itself is refused, as a machine shows any id that it takes up', async () => {
  const shown = { adopts: true, showsId: true };
  await expect(tryCanary({ shows: SHOWS }, shown, { ...shown, store: new Map() })).rejects.toMatchObject(
    refusal("is the session's id, or a part of it"),
  );
});

test('machines that give the cookie other attributes are refused', async () => {
  await expect(tryCanary({}, {}, { cookie: 'Path=/; Domain=shop.example' })).rejects.toMatchObject(
    refusal('The session cookies of machines a and b differ'),
  );
});

test('a machine that answers an unknown id with an error does not take it up', async () => {
  await tryCanary({}, {}, { refuses: true });
});

test('machines that take the domain of the cookie from how they are asked are alike, others are not', async () => {
  const named = (address: string, domain = address): Partial<Machine> => ({ address, cookie: `Path=/; Domain=${domain}` });

  await tryCanary({}, named('127.0.0.1'), named('127.0.0.2'));
  await expect(tryCanary({}, named('127.0.0.1'), named('127.0.0.2', '127.0.0.3'))).rejects.toMatchObject(refusal('differ'));
});

test('a form that the other machine does not take tells of different keys', async () => {
  await tryCanary({ form: '/shop/page' });
  await expect(tryCanary({ form: '/shop/nothing' })).rejects.toMatchObject(refusal('(answered 404) has no form that is posted'));
  await expect(tryCanary({ form: '/shop/page' }, {}, { key: 'another' })).rejects.toMatchObject({
    ...refusal('Machine b answered 500 to a form of machine a, which itself answered 200'),
    remedy: expect.stringContaining('same keys') as string,
  });
});

test('hidden fields are read as a browser reads them, of the first form that is posted', () => {
  const page = `<form method="get"><input type="hidden" name="q" value="1"></form>
    <FORM id=f METHOD='POST' action='/shop/send?a=1&amp;b=2'>
      <input value="a&amp;b&#x3d;&quot;&#43;" name="__VIEWSTATE" type="hidden" /> <input type=hidden name=empty>
      <input type="text" name="typed" value="x"><input type="submit" name="go" value="Go">
    </FORM>`;

  const form = formIn(page);

  expect(form?.action).toBe('/shop/send?a=1&b=2');
  expect([...(form?.hidden ?? [])]).toEqual([
    ['__VIEWSTATE', 'a&b="+'],
    ['empty', ''],
  ]);
  expect(formIn('<form action="x"><input type="hidden" name="a"></form>')).toBeNull();
});
