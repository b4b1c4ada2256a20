import { expect, test } from 'vitest';
import { sessionIds } from '../../config/customary-ids.js';
import type { SessionIdConfig } from '../../config/types.js';
import { SessionIds } from '../../proxy/session-ids.js';

const places = (given: Partial<SessionIdConfig> = {}): SessionIds => new SessionIds(sessionIds('shared-store', given));

test.each<[string, Partial<SessionIdConfig>, Record<string, string>, string, string[]]>([
  ['a cookie among others', {}, { cookie: 'theme=dark; JSESSIONID=A1.tomcat-a; lang=en' }, '/', ['A1']],
  ['two of one name, for two applications of one server', {}, { cookie: 'JSESSIONID=A1; JSESSIONID=B2' }, '/', ['A1', 'B2']],
  ['a quoted cookie', {}, { cookie: 'JSESSIONID="A1.x"' }, '/', ['A1']],
  ['a cookie whose name only begins so', {}, { cookie: 'JSESSIONIDSSO=A1' }, '/', []],
  [
    'cookies of several names, single sign-on among them',
    { cookies: ['JSESSIONID', 'JSESSIONIDSSO'] },
    { cookie: 'JSESSIONID=A; JSESSIONIDSSO=B' },
    '/',
    ['A', 'B'],
  ],
  ['the path, before its query', {}, {}, '/shop/cart;jsessionid=A1.x?a=;jsessionid=B2', ['A1']],
  ['the path in other letters, before more of it', {}, {}, '/shop;JSESSIONID=A1;v=2/cart', ['A1']],
  ['cookie and path that say the same', {}, { cookie: 'JSESSIONID=A1.a' }, '/;jsessionid=A1.b', ['A1']],
  ['a header', { headers: ['X-Auth-Token'] }, { 'x-auth-token': 'A1' }, '/', ['A1']],
  ['a header sent twice', { headers: ['X-Auth-Token'] }, { 'x-auth-token': 'A1, B2' }, '/', ['A1', 'B2']],
  ['ASP.NET without cookies', { pathSegment: 'asp-net' }, {}, '/app/(S(lit3py55))/cart.aspx', ['lit3py55']],
  ['ASP.NET with a log-in in the path', { pathSegment: 'asp-net' }, {}, '/(A(x1)F(y2)S(lit3py55))/cart.aspx', ['lit3py55']],
  ['ASP.NET on Mono', { pathSegment: 'asp-net' }, {}, '/app/(8A227F94C881D6DABDC9D4FA)/', ['8A227F94C881D6DABDC9D4FA']],
  ['a path in brackets that is no id of Mono', { pathSegment: 'asp-net' }, {}, '/wiki/(disambiguation)/', []],
  ['a path that only looks like ASP.NET', { pathSegment: 'asp-net' }, {}, '/wiki/Function_(S(n))', []],
  ['nothing', {}, {}, '/cart', []],
])('a request names its session in %s', (_where, given, headers, url, ids) => {
  expect(places(given).ofRequest({ headers, url })).toEqual(ids);
});

test.each<[string, Partial<SessionIdConfig>, [string, string][], string[]]>([
  [
    'cookies',
    {},
    [
      ['set-cookie', 'JSESSIONID=A1.b; Path=/shop; HttpOnly'],
      ['set-cookie', 'theme=dark'],
    ],
    ['A1'],
  ],
  ['a cookie that it deletes', {}, [['set-cookie', 'JSESSIONID=; Max-Age=0']], []],
  [
    "a cookie that it deletes in PHP's way",
    { cookies: ['PHPSESSID'] },
    [['set-cookie', 'PHPSESSID=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/']],
    [],
  ],
  [
    "a cookie that it deletes in Express's way",
    {},
    [['set-cookie', 'JSESSIONID=A1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT']],
    [],
  ],
  [
    'a cookie that lives for a while, by whichever of the two counts',
    { cookies: ['one', 'other', 'third'] },
    [
      ['set-cookie', 'one=A1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=1800'],
      ['set-cookie', 'other=B2; expires=Fri, 01 Jan 2100 00:00:00 GMT'],
      ['set-cookie', 'third=C3; Max-Age=soon'],
    ],
    ['A1', 'B2', 'C3'],
  ],
  ['a header', { headers: ['X-Auth-Token'] }, [['x-auth-token', 'A1']], ['A1']],
  [
    'the path that it sends a client without cookies to',
    {},
    [['location', 'https://shop.example/cart;jsessionid=A1.b?x=1']],
    ['A1'],
  ],
  ['such a path of ASP.NET', { pathSegment: 'asp-net' }, [['location', '/(S(lit3py55))/cart.aspx']], ['lit3py55']],
])('an answer sets an id in %s', (_where, given, headers, ids) => {
  const own = places(given);
  const carrying = headers.filter(([name]) => own.mayCarry(name));
  expect(own.ofAnswer(carrying)).toEqual(ids);
});

test('a session has ended whose cookie the answer deletes, not one of another cookie', () => {
  const own = places({ cookies: ['sid', 'admin'] });
  const headers = { cookie: 'sid=A1; theme=dark' };
  const ended = (name: string, value: string): string[] => own.endedBy([[name, value]], { headers });

  expect(ended('set-cookie', 'sid=; Max-Age=0')).toEqual(['A1']);
  expect(ended('set-cookie', 'sid=A1; Expires=Thu, 01 Jan 1970 00:00:00 GMT')).toEqual(['A1']);
  expect(ended('set-cookie', 'sid=A1; Path=/')).toEqual([]);
  expect(ended('set-cookie', 'admin=; Max-Age=0')).toEqual([]);
  expect(ended('set-cookie', 'theme=; Max-Age=0')).toEqual([]);
  expect(ended('location', '/;sid=; Max-Age=0')).toEqual([]);
});

test('what a comma parts in a header has one name in requests and answers', () => {
  const own = places({ headers: ['X-Auth-Token'] });
  const value = 'one, two';
  expect(own.ofAnswer([['x-auth-token', value]])).toEqual(['one', 'two']);
  expect(own.ofRequest({ headers: { 'x-auth-token': value }, url: '/' })).toEqual(['one', 'two']);
});

test('an answer is not searched where no id can be', () => {
  const own = places({ pathParameter: null });
  expect(['location', 'x-auth-token', 'etag'].filter((name) => own.mayCarry(name))).toEqual([]);
});
