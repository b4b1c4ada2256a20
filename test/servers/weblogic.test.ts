import { expect } from 'vitest';
import { standInShop } from '../fixtures/servers/stand-in.js';
import { conforms } from './conformance.js';
import { idsAreMarked } from './marked-ids.js';

const AUTH_COOKIE = '_WL_AUTHCOOKIE_JSESSIONID';
/** As what ends TLS in front of the proxy says it. */
const OVER_TLS = { 'wl-proxy-ssl': 'true' };

const shop = (directory: string, databaseUrl: string): ReturnType<typeof standInShop> =>
  standInShop('weblogic', directory, databaseUrl);

conforms({ name: 'weblogic', mechanism: "shared-store, a stand-in with WebLogic's ids", shop });
idsAreMarked({ name: 'weblogic', shop, routeMarker: 'suffix-bang', alsoKept: loggedInOverTls });

/** A log-in over TLS is of two cookies, and the machine refuses one that does not belong to the session. */
async function loggedInOverTls(origin: string): Promise<() => Promise<void>> {
  const response = await fetch(`${origin}/shop/login?user=demo&password=demo`, { method: 'POST', headers: OVER_TLS });
  const lines = response.headers.getSetCookie();
  expect(lines.find((line) => line.startsWith(AUTH_COOKIE))).toMatch(/; path=\/; secure; HttpOnly$/);
  const cookie = lines.map((line) => line.split(';', 1)[0]).join('; ');
  const look = (cookies: string): Promise<Response> =>
    fetch(`${origin}/shop/cart`, { headers: { ...OVER_TLS, cookie: cookies } });
  return async () => {
    expect(await (await look(cookie)).json()).toMatchObject({ user: 'demo' });
    expect((await look(cookie.replace(`${AUTH_COOKIE}=`, `${AUTH_COOKIE}=x`))).status).toBe(401);
  };
}
