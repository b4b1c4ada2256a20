// Plain servers that stand for two Tomcats of a cluster, and answer its JMX proxy as they do, or for two machines with one store.

import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import { CHECK_LIMITS } from '../../cli/check-lines.js';
import type { Installation } from '../../demo/installation.js';
import { nodeShop } from '../../demo/node-shop.js';
import type { SharedStoreCanary, SharedStoreConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { checked } from '../fixtures/checked.js';
import { createTestInstallation } from '../fixtures/installation.js';

const BEANS: [string, string][] = [
  ['Catalina:type=Manager', 'className: org.apache.catalina.ha.session.DeltaManager'],
  ['Catalina:type=Cluster', 'channelSendOptions: 6'],
  ['Catalina:type=Valve', 'stateName: STARTED'],
];

/** `ids`: of the sessions that it knows. */
async function standIn(ids: string[]): Promise<string> {
  return listen((request, response) => {
    const asked = new URL(request.url ?? '', 'http://tomcat').searchParams;
    const [type, attributes] = BEANS.find(([name]) => asked.get('qry')?.startsWith(name)) ?? [];
    const bean =
      type === undefined ? '' : `Name: ${type},name=ReplicationValve\n${attributes ?? ''}\n`.replace(/Cluster,.*/, 'Cluster');
    response.end(asked.has('invoke') ? `OK - Operation listSessionIds returned:\n${ids.join(' ')}\n` : `OK\n\n${bean}`);
  });
}

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startCluster(): Promise<{ installation: Installation; known: { primary: string[]; standby: string[] } }> {
  const known = { primary: [] as string[], standby: [] as string[] };
  const { installation } = await createTestInstallation(async (directory, databaseUrl) => {
    const { pool } = await nodeShop(directory, databaseUrl);
    const [primary, standby] = pool['machines'] as [object, object];
    const machines = [
      { ...primary, url: await standIn(known.primary) },
      { ...standby, url: await standIn(known.standby) },
    ];
    const manager = { user: 'vm-rejuv', password: { env: 'TOMCAT_MANAGER_PASSWORD' } };
    const sessions = { mechanism: 'tomcat-cluster', contexts: ['/shop'], manager };
    return { pool: { ...pool, machines, sessions, policy: {} }, secrets: { TOMCAT_MANAGER_PASSWORD: 'secret' } };
  });
  await installation.bootMachines();
  return { installation, known };
}

const HAND_OVER = 'sessions can be handed over (tomcat-cluster)';

test('without a canary nobody has proved that sessions can be handed over; a wait for the standby ends in its time, and the check goes on', async () => {
  const { installation, known } = await startCluster();

  expect((await checked(installation))[HAND_OVER]).toEqual({ ok: true, proved: false, provedContexts: [] });

  known.primary.push('one');
  const lines = await checked(installation, { ...CHECK_LIMITS, handOverMs: 500 });
  expect(lines[HAND_OVER]).toMatchObject({ ok: false, code: 'CHECK_TIMEOUT' });
  expect(lines['sampler memory measures node-a']).toMatchObject({ ok: true });
});

/** A server whose sessions are in `store`, and which gives another id where it does not know one. */
async function storing(store: Map<string, string>): Promise<string> {
  return listen((request, response) => {
    const sent = /sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const id = store.has(sent) ? sent : randomUUID();
    if (id !== sent) response.setHeader('set-cookie', `sid=${id}; Path=/`);
    const began = store.get(id) ?? randomUUID();
    store.set(id, began);
    response.end(`began ${began}`);
  });
}

test('of a shared store nobody has proved it before the page has shown what is kept in a session', async () => {
  const { installation } = await createTestInstallation(async (directory, databaseUrl) => {
    const { pool, ...rest } = await nodeShop(directory, databaseUrl);
    const store = new Map<string, string>();
    const machines = [];
    for (const machine of pool['machines'] as object[]) machines.push({ ...machine, url: await storing(store) });
    return { ...rest, pool: { ...pool, machines } };
  });
  await installation.bootMachines();
  const { pool } = installation;
  const sessions = pool.sessions as SharedStoreConfig;
  const lineWith = async (canary: SharedStoreCanary): Promise<object | undefined> => {
    sessions.canary = canary;
    return (await checked(installation))['sessions can be handed over (shared-store)'];
  };
  const canary = { path: '/shop/cart', shows: 'began ([^<]+)', form: null };

  expect(await lineWith(canary)).toEqual({ ok: true, proved: true });
  expect(await lineWith({ ...canary, shows: null })).toEqual({ ok: true, proved: false });
});

test('a standby that does not know the sessions of the primary is told while it is waited for', async () => {
  const { installation, known } = await startCluster();
  const [primary, standby] = installation.pool.machines;
  known.primary.push('one', 'two');
  const mechanism = createMechanism(installation.pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  const enough = new AbortController();
  const seen: string[] = [];
  const onSeen = (what: string): void => {
    seen.push(what);
    enough.abort();
  };

  const call = { signal: enough.signal, guard: () => Promise.resolve(), onSeen };
  await expect(mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call)).rejects.toThrow();
  expect(seen).toEqual(['Machine node-b does not know 2 sessions of machine node-a']);
});
