import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { MechanismCall, SessionMechanism } from '../../activities/sessions/mechanism.js';
import { WildflyManagement } from '../../activities/sessions/servers/wildfly-management.js';
import type { PoolConfig, WildflyConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import type { WildflyShopOptions } from '../fixtures/servers/wildfly.js';
import { wildflyShop } from '../fixtures/servers/wildfly.js';
import { conforms } from './conformance.js';
import type { FlippedSession } from './flips.js';
import { beginSession, flip } from './flips.js';

const call: MechanismCall = { signal: AbortSignal.timeout(3_600_000), guard: () => Promise.resolve() };

conforms({ name: 'wildfly', mechanism: 'wildfly, Infinispan cluster', shop: (directory) => wildflyShop(directory) });

test('wildfly: what is answered is not yet saved, and the barrier tells when it is, on a server at rest and on one that never rests', async () => {
  const { pool, mechanism } = await startWildflys();
  const [a, b] = pool.machines;
  await mechanism.preflight({ primary: a, standby: b }, () => Promise.resolve(new Set()), call);
  const hash = createSessionKeyHash('test');
  const begin = async (count: number): Promise<FlippedSession[]> =>
    Promise.all(Array.from({ length: count }, () => beginSession(a, pool)));
  const flips = async (sessions: FlippedSession[], rounds: number, withBarrier: boolean): Promise<number> => {
    const keys = sessions.map(({ id }) => hash(id));
    let lost = 0;
    for (let round = 0; round < rounds && (withBarrier || lost === 0); round++) {
      const [primary, standby] = round % 2 === 0 ? [a, b] : [b, a];
      lost += await flip(primary, standby, sessions, async () => {
        if (!withBarrier) return;
        const saved = await mechanism.handOver({ primary, standby }, { held: 'keys', keys }, call);
        expect(saved?.toSorted()).toEqual(keys.toSorted());
      });
    }
    return lost;
  };

  expect(await flips(await begin(10), 200, false), 'without the barrier').toBeGreaterThan(0);
  expect(await flips(await begin(10), 30, true), 'at rest').toBe(0);

  const leaving = new AbortController();
  const endless = [a, b].map(({ url }) => fetch(`${url}/shop/slow?ms=60000`, { signal: leaving.signal }).catch(() => undefined));
  expect(await flips(await begin(10), 30, true), 'never at rest').toBe(0);
  // Not listed, and threads are at work: it may be a session that is yet to be saved.
  const unknown = { held: 'keys', keys: [hash('unknown')] } as const;
  expect(await mechanism.handOver({ primary: a, standby: b }, unknown, call)).toEqual([]);
  leaving.abort();
  await Promise.all(endless);
});

test('wildfly: preflight refuses each mistake by what to change', async () => {
  const plain = 'deploy shop.war --name=plain.war --runtime-name=plain.war\nstop-embedded-server';
  const cli = (script: string): string => script.replace('stop-embedded-server', plain);
  const { pool, mechanism } = await startWildflys({ apart: true, cli });
  const [primary, standby] = pool.machines;
  const given = pool.sessions as WildflyConfig;
  const inspect = async (change: Partial<WildflyConfig>): Promise<void> => {
    const changed = createMechanism({ ...pool, sessions: { ...given, ...change } }, createSessionKeyHash('test'));
    await changed.inspect(primary, call).finally(() => changed.close());
  };
  const preflight = (): Promise<void> => mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
  const management = new WildflyManagement(standby, given.management);
  onTestFinished(() => management.close());
  const change = async (operation: string, address: string, parameters: Record<string, unknown> = {}): Promise<void> => {
    await management.ask({ operation, address: address.split(/[/=]/), ...parameters }, z.unknown(), call.signal);
  };

  await inspect({});
  const wrong = { ...given.management, password: 'wrong' };
  await expect(inspect({ management: wrong })).rejects.toMatchObject({ code: 'WILDFLY_REFUSED' });
  const elsewhere = { ...given.management, url: 'http://{host}:9' };
  await expect(inspect({ management: elsewhere })).rejects.toMatchObject({ code: 'WILDFLY_UNREACHABLE' });
  const application = { ...given.management, url: 'http://{host}:8080' };
  await expect(inspect({ management: application })).rejects.toMatchObject({ code: 'WILDFLY_FAILED' });
  await expect(inspect({ deployment: 'other.war' })).rejects.toMatchObject({
    message: containing('no web application other.war'),
  });
  await expect(inspect({ deployment: 'plain.war' })).rejects.toMatchObject({ remedy: containing('<distributable/>') });

  const cache = 'subsystem=infinispan/cache-container=web/distributed-cache=dist';
  await change('write-attribute', `${cache}/component=transaction`, { name: 'mode', value: 'NONE' });
  await expect(preflight()).rejects.toMatchObject({ remedy: containing('BATCH') });
  await change('write-attribute', `${cache}/component=transaction`, { name: 'mode', value: 'BATCH' });
  await change('write-attribute', cache, { name: 'owners', value: 1 });
  await expect(preflight()).rejects.toMatchObject({ remedy: containing('two owners') });
  await change('undefine-attribute', cache, { name: 'owners' });
  await change('add', 'subsystem=infinispan/cache-container=web/local-cache=alone');
  const keeper = 'subsystem=distributable-web/infinispan-session-management=default';
  await change('write-attribute', keeper, { name: 'cache', value: 'alone' });
  await expect(preflight()).rejects.toMatchObject({ message: containing('neither distributed nor replicated') });
  await change('undefine-attribute', keeper, { name: 'cache' });
  const cookie = 'subsystem=undertow/servlet-container=default/setting=session-cookie';
  await change('add', cookie, { domain: 'example.org' });
  await expect(preflight()).rejects.toMatchObject({ message: containing('session-cookie') });
  await change('remove', cookie);
  await expect(preflight()).rejects.toMatchObject({ code: 'SESSIONS_NOT_MOVABLE', message: containing('no cluster') });
});

const containing = (text: string): string => expect.stringContaining(text) as string;

async function startWildflys(options: WildflyShopOptions = {}): Promise<{ pool: PoolConfig; mechanism: SessionMechanism }> {
  const { installation } = await createTestInstallation((directory) => wildflyShop(directory, options));
  await installation.bootMachines();
  const mechanism = createMechanism(installation.pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  return { pool: installation.pool, mechanism };
}
