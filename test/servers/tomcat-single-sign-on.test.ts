// Several applications of one Tomcat whose users log in once for all of them.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { PoolFile } from '../../demo/installation.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';

const LOCAL = 'org.apache.catalina.authenticator.SingleSignOn';
const CLUSTERED = 'org.apache.catalina.ha.authenticator.ClusterSingleSignOn';

/** The shop a second time at /second, and a valve in the Host of both. */
async function withValve(directory: string, { pool, ...rest }: PoolFile, valve: string, more: object = {}): Promise<PoolFile> {
  for (const name of ['tomcat-a', 'tomcat-b']) {
    const conf = join(directory, name, 'conf');
    const context = await readFile(join(conf, 'Catalina/localhost/shop.xml'), 'utf8');
    await writeFile(join(conf, 'Catalina/localhost/second.xml'), context.replaceAll('-sessions/shop', '-sessions/second'));
    const serverXml = await readFile(join(conf, 'server.xml'), 'utf8');
    const element = `<Valve className="${valve}"/>`;
    const changed = serverXml.includes('</Host>')
      ? serverXml.replace('</Host>', `${element}</Host>`)
      : serverXml.replace(/<Host ([^>]*)\/>/, `<Host $1>${element}</Host>`);
    expect(changed).not.toBe(serverXml);
    await writeFile(join(conf, 'server.xml'), changed, { mode: 0o600 });
  }
  return { ...rest, pool: { ...pool, sessions: { ...(pool['sessions'] as object), contexts: ['/shop', '/second'], ...more } } };
}

test.each([
  ['tomcat-swap', LOCAL, (directory: string) => tomcatShop(directory)],
  ['tomcat-cluster', CLUSTERED, (directory: string) => tomcatCluster(directory, 'DeltaManager', 'Host')],
])('single sign-on of %s, which no restart keeps, is refused', async (_mechanism, valve, shop) => {
  const { installation } = await createTestInstallation(async (directory) => withValve(directory, await shop(directory), valve));
  const { pool } = installation;
  const [primary] = pool.machines;
  await installation.bootMachines(primary.name);
  const inspect = async (sessions: object): Promise<void> => {
    const mechanism = createMechanism({ ...pool, sessions: { ...pool.sessions, ...sessions } }, createSessionKeyHash('test'));
    onTestFinished(() => mechanism.close());
    await mechanism.inspect(primary, { signal: AbortSignal.timeout(60_000), guard: () => Promise.resolve() });
  };

  await expect(inspect({})).rejects.toMatchObject({
    ...{ code: 'SESSIONS_NOT_MOVABLE', message: expect.stringContaining(valve) as string },
    remedy: expect.stringContaining('sessions.loseSingleSignOn: true') as string,
  });
  await inspect({ loseSingleSignOn: true });
});

test('sessions of both applications go on where that is accepted, and only the one of the log-in knows its user', async () => {
  const { installation, startRestart } = await createTestInstallation(async (directory) =>
    withValve(directory, await tomcatShop(directory), LOCAL, { loseSingleSignOn: true }),
  );
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  await installation.startWorker();
  const users = await Promise.all(Array.from({ length: 5 }, () => logIn(url)));

  const restart = await startRestart();
  expect(await restart.result()).toMatchObject({ sessionsMoved: 2 * users.length, sessionsNotMoved: 0 });

  for (const ask of users) {
    expect(await ask('/shop/cart?item=more')).toMatchObject({ count: 2, user: 'demo' });
    expect(await ask('/second/cart?item=more')).toMatchObject({ count: 2, user: null });
  }
});

type Ask = (path: string) => Promise<Record<string, unknown>>;

/** Begins a session in both, known to both; what asks in them, as a browser does. */
async function logIn(origin: string): Promise<Ask> {
  const cookies = new Map<string, string>();
  const ask: Ask = async (path) => {
    const own = [...cookies].filter(([key]) => path.startsWith(key.split(' ', 1)[0] ?? ''));
    const headers = { cookie: own.map(([, cookie]) => cookie).join('; ') };
    const response = await fetch(`${origin}${path}`, { method: 'POST', headers });
    for (const set of response.headers.getSetCookie()) {
      const [cookie = ''] = set.split(';', 1);
      cookies.set(`${/; Path=([^;]*)/.exec(set)?.[1] ?? '/'} ${cookie.split('=', 1)[0] ?? ''}`, cookie);
    }
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  };
  await ask('/shop/cart?item=one');
  expect(await ask('/shop/login?user=demo&password=demo')).toMatchObject({ user: 'demo' });
  expect(await ask('/second/cart?item=one')).toMatchObject({ count: 1, user: 'demo' });
  return ask;
}
