import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { HandOverScope, MachinePair, MechanismCall, SessionMechanism } from '../../activities/sessions/mechanism.js';
import { WildflyManagement } from '../../activities/sessions/servers/wildfly-management.js';
import type { MachineConfig, PoolConfig, WildflyConfig } from '../../config/types.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { wildflyRemoteShop } from '../fixtures/servers/wildfly-remote.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';
import { beginSession, flip } from './flips.js';

const NAME = 'wildfly-remote';
/** What WildFly gives a remote container for sessions. */
const MODULE = 'org.wildfly.clustering.web.hotrod';
const SESSIONS = 10;
const ROUNDS = 60;
const call: MechanismCall = { signal: AbortSignal.timeout(3_600_000), guard: () => Promise.resolve() };
const hash = createSessionKeyHash('test');

conforms({
  name: NAME,
  mechanism: 'wildfly, a remote cache of Infinispan',
  shop: (directory) => wildflyRemoteShop(directory),
});

barrierHolds(NAME, (directory) => wildflyRemoteShop(directory));

test(`${NAME}: what is answered is not yet saved, the barrier tells when it is, and preflight refuses each mistake by what to change`, async () => {
  // A second deployment, of an archive that is not distributable.
  const plain = 'deploy shop.war --name=plain.war --runtime-name=plain.war\nstop-embedded-server';
  const cli = (script: string): string => script.replace('stop-embedded-server', plain);
  const { installation } = await createTestInstallation((directory) => wildflyRemoteShop(directory, { cli }));
  await installation.bootMachines();
  const { pool } = installation;
  const mechanism = mechanismOf(pool);
  const [primary, standby] = pool.machines;
  const preflight = (): Promise<void> => mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
  await preflight();

  await savesBehindItsAnswers(pool, mechanism);
  await waitsForWhatRuns({ primary, standby }, mechanism);
  const plainOne = mechanismOf({ ...pool, sessions: { ...(pool.sessions as WildflyConfig), deployment: 'plain.war' } });
  await expect(plainOne.inspect(primary, call)).rejects.toMatchObject({ remedy: containing('<distributable/>') });
  await refusesMistakes(standby, pool.sessions as WildflyConfig, preflight);
});

const containing = (text: string): string => expect.stringContaining(text) as string;

function mechanismOf(pool: PoolConfig): SessionMechanism {
  const mechanism = createMechanism(pool, hash);
  onTestFinished(() => mechanism.close());
  return mechanism;
}

async function savesBehindItsAnswers(pool: PoolConfig, mechanism: SessionMechanism): Promise<void> {
  const [a, b] = pool.machines;
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => beginSession(a, pool)));
  const keys = sessions.map(({ id }) => hash(id));
  const untilSaved = async (primary: MachineConfig, standby: MachineConfig): Promise<void> => {
    const saved = (): Promise<string[] | null> => mechanism.handOver({ primary, standby }, { held: 'keys', keys }, call);
    await expect.poll(saved, { interval: 5 }).toEqual(keys);
  };
  /** How many are stale of `rounds` times each session. */
  const flips = async (rounds: number, between: (from: MachineConfig, to: MachineConfig) => Promise<void>): Promise<number> => {
    let stale = 0;
    for (let round = 0; round < rounds; round++) {
      const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
      stale += await flip(from, to, sessions, () => between(from, to));
    }
    return stale;
  };

  await untilSaved(a, b);
  const waitsMs: number[] = [];
  const barrier = await flips(ROUNDS, async (from, to) => {
    const startedAt = performance.now();
    await untilSaved(from, to);
    waitsMs.push(performance.now() - startedAt);
  });
  let [without, rounds] = [0, 0];
  // A tenth of them is (measured).
  for (; without === 0 && rounds < 1000; rounds += 20) without = await flips(20, () => Promise.resolve());
  const medianMs = Math.round(waitsMs.toSorted((one, other) => one - other)[ROUNDS / 2] ?? NaN);
  const of = { without: rounds * SESSIONS, barrier: ROUNDS * SESSIONS };
  console.log(JSON.stringify({ server: NAME, stale: { without, barrier }, of, barrierMs: medianMs }));
  expect(barrier).toBe(0);
  expect(without).toBeGreaterThan(0);
}

/** Any of them may be about to save its session, as far as anybody knows. */
async function waitsForWhatRuns(pair: MachinePair, mechanism: SessionMechanism): Promise<void> {
  const named = (): Promise<string[] | null> => mechanism.handOver(pair, { held: 'keys', keys: ['any'] }, call);
  const all = (withinMs: number): Promise<string[] | null> => {
    const scope: HandOverScope = {
      ...{ held: 'all', except: new Set(), streaming: new Set(), named: [], running: 0, notPickedUp: 0, limit: 0 },
      ...{ endsAt: performance.now() + withinMs, force: false },
    };
    return mechanism.handOver(pair, scope, call);
  };
  const leaving = new AbortController();
  const slow = fetch(`${pair.primary.url}/shop/slow?ms=5000`, { signal: leaving.signal }).catch(() => undefined);
  await expect.poll(named).toEqual([]);
  leaving.abort();
  await slow;
  // Its client has left, and the server goes on: nothing may be sealed.
  expect(await all(300)).toBeNull();
  expect(await all(60_000)).toEqual([]);
  expect(await named()).toEqual(['any']);
}

async function refusesMistakes(machine: MachineConfig, given: WildflyConfig, preflight: () => Promise<void>): Promise<void> {
  const management = new WildflyManagement(machine, given.management);
  onTestFinished(() => management.close());
  const change = async (operation: string, address: string, parameters: Record<string, unknown> = {}): Promise<void> => {
    const path = address === '' ? [] : address.split(/[/=]/);
    await management.ask({ operation, address: path, ...parameters }, z.unknown(), call.signal);
  };
  const write = (address: string, name: string, value: unknown): Promise<void> =>
    change('write-attribute', address, { name, value });
  const refused = (message: string): Promise<void> =>
    expect(preflight()).rejects.toMatchObject({ code: 'SESSIONS_NOT_MOVABLE', message: containing(message) });
  const web = 'subsystem=distributable-web';
  const keeper = `${web}/hotrod-session-management=remote`;
  const binding = 'socket-binding-group=standard-sockets/remote-destination-outbound-socket-binding=session-store';
  const cookie = 'subsystem=undertow/servlet-container=default/setting=session-cookie';

  await write(keeper, 'granularity', 'ATTRIBUTE');
  await refused('differ in the granularity');
  await write(keeper, 'granularity', 'SESSION');
  await write(binding, 'host', '127.0.0.1');
  await refused('(127.0.0.1:11222) differ in the servers');
  await write(binding, 'host', '${shop.store}');
  await change('add', cookie, { domain: 'example.org' });
  await refused('session-cookie');
  await change('remove', cookie);
  await write(web, 'default-session-management', 'default');
  await refused('neither distributed nor replicated');
  await write(web, 'default-session-management', 'remote');
  await preflight();

  const others = ['subsystem', 'infinispan', 'remote-cache-container', 'others'];
  const container = { 'default-remote-cluster': 'stores', marshaller: 'PROTOSTREAM', modules: [MODULE] };
  const servers = { 'socket-bindings': ['session-store'] };
  // Neither is complete without the other.
  const steps = [
    { operation: 'add', address: others, ...container },
    { operation: 'add', address: [...others, 'remote-cluster', 'stores'], ...servers },
  ];
  await management.askAll(steps, z.unknown(), call.signal);
  await write(keeper, 'remote-cache-container', 'others');
  await change('reload', '');
  const seen = (): Promise<string> =>
    preflight().then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
  await expect.poll(seen, { interval: 500 }).toMatch(/remote container sessions, and machine shop-b does not/);
}
