import { mkdirSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import { JmxProxy } from '../../activities/sessions/jmx-proxy.js';
import { askInPassing } from '../../activities/sessions/canary-visit.js';
import type { MechanismCall, PreflightCall, SessionMechanism } from '../../activities/sessions/mechanism.js';
import type { MachineConfig, PoolConfig, TomcatSwapConfig } from '../../config/types.js';
import type { Installation } from '../../demo/installation.js';
import { makeIdleSessions } from '../../demo/load/idle-sessions.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';

const call: MechanismCall = { signal: AbortSignal.timeout(600_000), guard: () => Promise.resolve() };

async function startTomcats(): Promise<{
  preflight: (
    change?: Partial<TomcatSwapConfig>,
    primary?: MachineConfig,
    more?: Partial<PreflightCall>,
    cookies?: string[],
  ) => Promise<void>;
  /** Of the primary alone. */
  inspect: (change?: Partial<TomcatSwapConfig>) => Promise<void>;
  pool: PoolConfig;
  installation: Installation;
}> {
  const { installation } = await createTestInstallation((directory) => tomcatShop(directory));
  await installation.bootMachines();
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  const mechanismWith = (change: Partial<TomcatSwapConfig>, cookies = pool.sessionId.cookies): SessionMechanism =>
    createMechanism(
      {
        ...pool,
        sessionId: { ...pool.sessionId, cookies },
        sessions: { ...(pool.sessions as TomcatSwapConfig), ...change },
      },
      createSessionKeyHash('test'),
    );
  const preflight = (
    change: Partial<TomcatSwapConfig> = {},
    from: MachineConfig = primary,
    more: Partial<PreflightCall> = {},
    cookies: string[] = pool.sessionId.cookies,
  ): Promise<void> => {
    const mechanism = mechanismWith(change, cookies);
    return mechanism
      .preflight({ primary: from, standby }, () => Promise.resolve(new Set()), { ...call, ...more })
      .finally(() => mechanism.close());
  };
  const inspect = (change: Partial<TomcatSwapConfig> = {}): Promise<void> => {
    const mechanism = mechanismWith(change);
    return mechanism.inspect(primary, call).finally(() => mechanism.close());
  };
  return { preflight, inspect, pool, installation };
}

test('preflight accepts a well configured pair, leaves no session behind, and refuses each mistake by what to change', async () => {
  const { preflight, inspect, pool } = await startTomcats();
  const { manager } = pool.sessions as TomcatSwapConfig;

  await preflight();
  for (const { sessionDirectory } of pool.machines) expect(readdirSync(join(sessionDirectory ?? '', 'shop'))).toEqual([]);

  await expect(preflight({ manager: { ...manager, password: 'wrong' } })).rejects.toMatchObject({
    code: 'TOMCAT_MANAGER_PASSWORD',
  });
  await expect(preflight({ manager: { ...manager, path: '/nowhere' } })).rejects.toMatchObject({
    code: 'TOMCAT_MANAGER_MISSING',
  });
  // What one machine alone tells of, while the other is off.
  await inspect();
  await expect(inspect({ manager: { ...manager, password: 'wrong' } })).rejects.toMatchObject({
    code: 'TOMCAT_MANAGER_PASSWORD',
  });
  await expect(preflight({ contexts: ['/nowhere'] })).rejects.toMatchObject({ code: 'SESSIONS_NOT_MOVABLE' });
  // The manager's own context keeps its sessions in memory only.
  await expect(preflight({ contexts: ['/manager'] })).rejects.toMatchObject({
    ...{ code: 'SESSIONS_NOT_MOVABLE', remedy: expect.stringContaining('PersistentManager') as string },
  });
  await expect(preflight({ canary: { path: '/shop/health', attributes: [] } })).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
  });
});

test('preflight notices that Tomcat keeps its sessions somewhere else, without a canary too', async () => {
  const { preflight, pool } = await startTomcats();
  const [primary] = pool.machines;
  await makeIdleSessions(primary.url, 3);
  const elsewhere = { ...primary, sessionDirectory: `${primary.sessionDirectory ?? ''}-elsewhere` };
  mkdirSync(elsewhere.sessionDirectory);

  // With several Tomcat has to find its own among them, wherever it stands.
  for (const cookies of [['JSESSIONID'], ['ADMINID', 'JSESSIONID', 'JSESSIONIDSSO']]) {
    // A session rests for a second before it may leave memory.
    await sleep(1500);
    await expect(preflight({ canary: null }, elsewhere, {}, cookies), cookies.join()).rejects.toMatchObject({
      code: 'SESSIONS_NOT_MOVABLE',
      message: expect.stringContaining('3 sessions left the memory') as string,
    });
  }
  await preflight({ canary: null });
});

test('preflight notices that the other Tomcat names its session cookie for another path', async () => {
  const { preflight, pool, installation } = await startTomcats();
  const [, standby] = pool.machines;
  const file = join(installation.directory, standby.name, 'conf', 'Catalina', 'localhost', 'shop.xml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('<Context ', '<Context sessionCookiePath="/" '));
  await installation.restartPlainly(standby.name);

  await expect(preflight()).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringMatching(
      /session cookies of machines tomcat-a and tomcat-b differ: .*path=\/shop.*path=\/"/i,
    ) as string,
  });
});

/** The shop's Manager on one machine, by its JMX proxy. */
function shopOn(
  machine: MachineConfig,
  { sessions }: PoolConfig,
): {
  sessions: () => Promise<string>;
  attribute: (id: string, name: string) => Promise<string>;
  get: (setting: string) => Promise<string>;
  set: (setting: string, value: number) => Promise<void>;
} {
  const jmx = new JmxProxy(machine, (sessions as TomcatSwapConfig).manager);
  onTestFinished(() => jmx.close());
  const bean = 'Catalina:type=Manager,host=localhost,context=/shop';
  return {
    sessions: () => jmx.invoke(bean, 'listSessionIds', [], call.signal),
    attribute: (id, name) => jmx.invoke(bean, 'getSessionAttribute', [id, name], call.signal),
    get: (setting) => jmx.get(bean, setting, call.signal),
    set: (setting, value) => jmx.set(bean, setting, value, call.signal),
  };
}

test('preflight that is cancelled leaves no session behind', async () => {
  const { preflight, pool } = await startTomcats();
  const [primary, standby] = [shopOn(pool.machines[0], pool), shopOn(pool.machines[1], pool)];
  const cancelled = new AbortController();
  const ending = preflight({}, pool.machines[0], { signal: cancelled.signal }).catch((error: unknown) => error);
  await expect.poll(standby.sessions).not.toBe('');

  cancelled.abort();

  expect(await ending).toMatchObject({ name: 'AbortError' });
  expect([await primary.sessions(), await standby.sessions()]).toEqual(['', '']);
});

test('preflight gives back the settings that an operator has made', async () => {
  const { preflight, pool } = await startTomcats();
  const shops = pool.machines.map((machine) => shopOn(machine, pool));
  const mine = { maxIdleSwap: 900, minIdleSwap: 300, maxActiveSessions: 5000, processExpiresFrequency: 3 };
  for (const { set } of shops) for (const [setting, value] of Object.entries(mine)) await set(setting, value);

  await preflight();

  for (const { get } of shops)
    for (const [setting, value] of Object.entries(mine)) expect(await get(setting), setting).toBe(String(value));
});

test('what cannot be serialised is told before the session of any user has lost it, and sparing them nothing of theirs is written at all', async () => {
  const { preflight, pool } = await startTomcats();
  const [{ url }] = pool.machines;
  const { sessions, attribute } = shopOn(pool.machines[0], pool);
  // Tomcat drops what it cannot write from memory as well, and destroys a session without a time-out.
  await fetch(`${url}/shop/unserialisable`);
  const holder = await sessions();
  await fetch(`${url}/shop/brief?seconds=-1`, { method: 'POST' });
  const both = (await sessions()).split(/\s+/).sort();
  expect(both).toHaveLength(2);
  const untouched = async (): Promise<void> => {
    expect((await sessions()).split(/\s+/).sort()).toEqual(both);
    expect(await attribute(holder, 'socket')).not.toBe('');
  };
  // A session rests for a second before a pass takes it.
  await sleep(1500);

  await expect(preflight({ canary: { path: '/shop/unserialisable', attributes: ['socket'] } })).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining(
      'began on machine tomcat-b has no attribute "socket" (a java.lang.Object) on machine tomcat-a',
    ) as string,
    remedy: expect.stringContaining('Serializable') as string,
  });
  await untouched();
  for (const canary of [(pool.sessions as TomcatSwapConfig).canary, null]) {
    await preflight({ canary }, pool.machines[0], { sparing: true });
    await untouched();
  }

  // Of what the canary does not name nobody knows: a restart would begin to move them.
  await preflight();
  for (const id of both) await askInPassing(pool.machines[0], '/shop', { name: 'cookie', value: `JSESSIONID=${id}` });
  expect(await sessions()).toBe(holder);
  expect(await attribute(holder, 'socket')).toBe('');
});
