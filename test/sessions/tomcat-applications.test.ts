// Applications of a Tomcat beside those whose sessions move.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MechanismCall } from '../../activities/sessions/mechanism.js';
import { mustNameAll } from '../../activities/sessions/tomcat-applications.js';
import type { PoolFile } from '../../demo/installation.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { tomcatCluster } from '../fixtures/servers/tomcat-cluster.js';

const call: MechanismCall = { signal: AbortSignal.timeout(600_000), guard: () => Promise.resolve() };

/** The shop a second time at /admin, and a third time at /office, which has a cookie of its own. */
async function withOthers(directory: string, shop: PoolFile): Promise<PoolFile> {
  for (const name of ['tomcat-a', 'tomcat-b']) {
    const contexts = join(directory, name, 'conf/Catalina/localhost');
    const context = await readFile(join(contexts, 'shop.xml'), 'utf8');
    await writeFile(join(contexts, 'admin.xml'), context.replace(/<Manager[^]*<\/Manager>/, ''));
    const office = context.replaceAll('-sessions/shop', '-sessions/office');
    await writeFile(join(contexts, 'office.xml'), office.replace('<Context ', '<Context sessionCookieName="OFFICEID" '));
  }
  return shop;
}

test.each([
  ['tomcat-swap', (directory: string) => tomcatShop(directory), ['inspect', 'preflight'] as const],
  ['tomcat-cluster', (directory: string) => tomcatCluster(directory, 'DeltaManager'), ['inspect'] as const],
])(
  '%s refuses applications that have sessions and are not named, and a cookie that no proxy knows',
  async (_name, shop, works) => {
    const { installation } = await createTestInstallation(async (directory) => withOthers(directory, await shop(directory)));
    const { pool } = installation;
    const [primary, standby] = pool.machines;
    await installation.bootMachines(...(works.length > 1 ? [] : [primary.name]));
    const by = async (sessions: object, work: 'inspect' | 'preflight', cookies = pool.sessionId.cookies): Promise<void> => {
      const changed = { ...pool, sessionId: { ...pool.sessionId, cookies }, sessions: { ...pool.sessions, ...sessions } };
      const mechanism = createMechanism(changed, createSessionKeyHash('test'));
      await (
        work === 'inspect'
          ? mechanism.inspect(primary, call)
          : mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call)
      ).finally(() => mechanism.close());
    };

    await by({}, 'inspect');
    const [session = ''] = (await fetch(`${primary.url}/admin/cart?item=one`, { method: 'POST' })).headers.getSetCookie();
    expect(session).toMatch(/^JSESSIONID=.*Path=\/admin/);

    for (const work of works) {
      await expect(by({}, work), work).rejects.toMatchObject({
        code: 'SESSIONS_NOT_MOVABLE',
        message: expect.stringContaining('/admin (sessions: 1 now, 1 since its start)') as string,
        remedy: expect.stringContaining('sessions.loseContexts: [/admin]') as string,
      });
    }
    await by({ loseContexts: ['/admin'] }, 'inspect');

    const both = { contexts: ['/shop', '/office'], loseContexts: ['/admin'] };
    await expect(by(both, 'inspect')).rejects.toMatchObject({
      code: 'SESSIONS_NOT_MOVABLE',
      message: expect.stringContaining(
        'Context /office of machine tomcat-a has its session ids in the cookie OFFICEID',
      ) as string,
      remedy: expect.stringContaining('sessionId.cookies: [JSESSIONID, OFFICEID]') as string,
    });
    await by(both, 'inspect', ['JSESSIONID', 'OFFICEID']);
  },
);

/** The shop in a virtual host of its own, which clients name. */
async function inHost(directory: string, { pool, ...rest }: PoolFile): Promise<PoolFile> {
  const machines = pool['machines'] as { name: string }[];
  for (const { name } of machines) {
    const conf = join(directory, name, 'conf');
    const server = await readFile(join(conf, 'server.xml'), 'utf8');
    await writeFile(join(conf, 'server.xml'), server.replace('<Host ', '<Host name="shop.example" appBase="none"/><Host '));
    await mkdir(join(conf, 'Catalina/shop.example'));
    await rename(join(conf, 'Catalina/localhost/shop.xml'), join(conf, 'Catalina/shop.example/shop.xml'));
  }
  const sessions = { ...(pool['sessions'] as object), virtualHost: 'shop.example' };
  return { pool: { ...pool, machines: machines.map((machine) => ({ ...machine, host: 'shop.example' })), sessions }, ...rest };
}

test('sessions of a context in a virtual host of its own are found there, and make the trip', async () => {
  const { installation } = await createTestInstallation(async (directory) => inHost(directory, await tomcatShop(directory)));
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  await installation.bootMachines();
  const preflight = async (sessions: object): Promise<void> => {
    const mechanism = createMechanism({ ...pool, sessions: { ...pool.sessions, ...sessions } }, createSessionKeyHash('test'));
    await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call).finally(() => mechanism.close());
  };

  await preflight({});
  await expect(preflight({ virtualHost: 'localhost' })).rejects.toMatchObject({
    message: 'Context /shop of machine tomcat-a is not deployed.',
  });
});

test.each([
  ['no session yet', 'localhost', '/examples', [0, 0], null],
  ['sessions that have ended', 'localhost', '/docs', [0, 2], null],
  ['the manager that the worker itself asks', 'localhost', '/manager', [1, 1], null],
  ['what is named', 'localhost', '/', [1, 1], null],
  ['sessions that its PersistentManager may have stored', 'localhost', '/admin', [0, 2], /\[\/admin\]/],
  ['another virtual host', 'other.example', '/shop', [1, 1], /\[\/\/other\.example\/shop\]/],
  ['another version of what is named', 'localhost', '/shop##2', [1, 1], /\["\/shop##2"\]/],
] as const)('an application with %s', async (_what, host, context, [active, counter], refusal) => {
  const attributes = new Map([
    ['activeSessions', String(active)],
    ['sessionCounter', String(counter)],
    ['className', `org.apache.catalina.session.${context === '/admin' ? 'PersistentManager' : 'StandardManager'}`],
  ]);
  const beans = [{ name: `Catalina:type=Manager,host=${host},context=${context}`, attributes }];
  const jmx = { machine: { name: 'a' } as never, queryAll: () => Promise.resolve(beans) };
  const manager = { user: 'u', password: 'p', path: '/manager' };
  const looked = mustNameAll(jmx, { contexts: ['', '/shop'], loseContexts: [], virtualHost: 'localhost', manager }, call.signal);

  if (refusal === null) await looked;
  else await expect(looked).rejects.toMatchObject({ remedy: expect.stringMatching(refusal) as string });
});
