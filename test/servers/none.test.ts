// Sessions that nobody can move: those that Tomcat keeps in memory, as it does by default. Nothing is handed over, so users of the table's row
// come for a short visit each, and the restarts wait until those of the primary have ended.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { JmxProxy } from '../../activities/sessions/jmx-proxy.js';
import type { PoolFile } from '../../demo/installation.js';
import { Tally } from '../../demo/load/report.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import type { CleanRestartResult } from '../../workflows/clean-restart.js';
import { statusQuery } from '../../workflows/messages.js';
import type { TestInstallation } from '../fixtures/installation.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { figuresOf, LEEWAY_MIB, RESTARTS } from './conformance.js';
import { beginEndedSessions } from './ended-sessions.js';
import { publish } from './publish.js';
import { Visit } from './visit.js';

const IDLE_MS = 4000;
const USERS = 50;
const SLOW_MS = 300;
/** From one visit to the next. */
const PAUSE_MS = 500;
const LIMIT_MS = 600_000;

interface Running extends TestInstallation {
  /** Of two proxies. */
  origins: [string, string];
  /** How many sessions a machine has, by its own word. */
  sessionsOf: (machine: string) => Promise<number>;
}

async function start(limits: object = {}): Promise<Running> {
  let password = '';
  const running = await createTestInstallation(async (directory): Promise<PoolFile> => {
    const shop = await tomcatShop(directory);
    password = shop.secrets?.['TOMCAT_MANAGER_PASSWORD'] ?? '';
    return { ...shop, pool: { ...shop.pool, sessions: { mechanism: 'none', idleMs: IDLE_MS }, limits } };
  });
  const { installation } = running;
  await installation.bootMachines();
  const origins: Running['origins'] = [(await installation.startProxy('one')).url, (await installation.startProxy('other')).url];
  await installation.startWorker();
  // Who has begun within idleMs before a restart may not know all.
  await sleep(IDLE_MS);
  const sessionsOf = async (name: string): Promise<number> => {
    const machine = installation.pool.machines.find((each) => each.name === name);
    if (machine === undefined) throw new Error(`There is no machine ${name}.`);
    const jmx = new JmxProxy(machine, { user: 'vm-rejuv', password, path: '/manager' });
    const manager = 'Catalina:type=Manager,host=localhost,context=/shop';
    return Number(await jmx.get(manager, 'activeSessions', AbortSignal.timeout(10_000)).finally(() => jmx.close()));
  };
  return { ...running, origins, sessionsOf };
}

test(
  'as many sessions are told to have stayed behind as the server itself has',
  async () => {
    const { installation, origins, sessionsOf, startRestart } = await start();
    const [{ name: primary }] = installation.pool.machines;
    const visits = Array.from({ length: 30 }, (_, index) => new Visit(origins, new Tally(), index));
    for (const [index, visit] of visits.entries()) {
      await visit.add();
      if (index % 3 === 0) await visit.logIn();
      if (index % 3 === 1) await visit.add();
    }
    const handle = await startRestart();
    const step = async (): Promise<string | null> => (await handle.query(statusQuery)).step;
    await expect.poll(step, { timeout: 60_000 }).toBe('awaitDrain');
    // It is the same machine's as before; who comes for the first time is not.
    await visits[0]?.add();
    await new Visit(origins).add();
    // Unless with an id from long ago.
    await new Visit(origins, new Tally(), 0, 'JSESSIONID=0123456789ABCDEF0123456789ABCDEF.tomcat-a').add();
    const atTheServer = await sessionsOf(primary);

    const result = await handle.result();

    console.log(JSON.stringify({ server: 'none', sessionsNotMoved: result.sessionsNotMoved, atTheServer }));
    expect(atTheServer).toBe(visits.length + 1);
    expect(result.sessionsNotMoved).toBe(atTheServer);
  },
  LIMIT_MS,
);

test(
  `none: ${RESTARTS} clean restarts wait for the visits of fifty users to end, and no request fails and nothing is lost`,
  async () => {
    const { installation, origins, startRestart } = await start();
    const ended = await beginEndedSessions(origins[0]);
    const driver = createDriver(installation.pool);
    const [, { name: second }] = installation.pool.machines;
    const freshBytes = await driver.memoryBytes(second, { signal: AbortSignal.timeout(10_000) });
    const tally = new Tally();
    let visits = 0;
    let isOver = false;
    const user = async (index: number): Promise<void> => {
      for (; !isOver; visits++) {
        const visit = new Visit(origins, tally, index);
        await visit.add();
        await visit.logIn();
        await Promise.all([visit.add(), visit.look()]);
        await visit.add(visits % 50 === 0 ? SLOW_MS : 0);
        await visit.logOut();
        await sleep(PAUSE_MS);
      }
    };
    const users = Array.from({ length: USERS }, (_, index) => user(index));
    onTestFinished(async () => {
      isOver = true;
      await Promise.all(users);
    });

    const restarts: CleanRestartResult[] = [];
    while (restarts.length < RESTARTS) restarts.push(await (await startRestart()).result());

    const report = tally.report();
    const mechanism = "none, Tomcat's sessions in memory, visits that end";
    // Those that began on the standby are counted as the new machine's, and nothing was handed over.
    const notHandedOver = { sessionsMoved: 0, sessionsPerSecond: 0 };
    const figures = { ...figuresOf(restarts, freshBytes ?? NaN, { server: 'none', mechanism, ...report }), ...notHandedOver };
    console.log(
      JSON.stringify({ ...figures, visits, sessionsNotMoved: restarts.map(({ sessionsNotMoved }) => sessionsNotMoved) }),
    );
    expect(report.reasons).toEqual({});
    expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
    expect(visits).toBeGreaterThan(RESTARTS * USERS);
    for (const { sessionsNotMoved } of restarts) expect(sessionsNotMoved).toBeGreaterThan(0);
    expect(await ended.cameBack()).toEqual([]);
    expect(figures.restartedMiB).toBeLessThan(figures.freshMiB + LEEWAY_MIB);
    await publish(figures);
  },
  LIMIT_MS,
);

test(
  'who stays for longer than a forced drain waits loses the session, which is seen and told',
  async () => {
    const { origins, startRestart } = await start({ drain: { limitMs: 1000, policy: 'force' } });
    const tally = new Tally();
    const visit = new Visit(origins, tally);
    await visit.add();
    let isOver = false;
    const staying = (async () => {
      while (!isOver) await visit.look();
    })();
    onTestFinished(() => void (isOver = true));

    const { sessionsNotMoved } = await (await startRestart()).result();

    isOver = true;
    await staying;
    expect(sessionsNotMoved).toBe(1);
    expect(tally.report()).toMatchObject({ failed: 0 });
    expect(tally.report().sessionsLost).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
