// Sessions that nobody can move: those that Tomcat keeps in memory, as it does by default. Nothing is handed over, so the table has no row of it.

import { expect, onTestFinished, test } from 'vitest';
import { JmxProxy } from '../../activities/sessions/jmx-proxy.js';
import type { PoolFile } from '../../demo/installation.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { statusQuery } from '../../workflows/messages.js';
import type { TestInstallation } from '../fixtures/installation.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { rounds } from '../fixtures/rounds.js';

const IDLE_MS = 4000;
const RESTARTS = rounds(5, 2);
const SHOPPERS = 50;
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
  const sessionsOf = async (name: string): Promise<number> => {
    const machine = installation.pool.machines.find((each) => each.name === name);
    if (machine === undefined) throw new Error(`There is no machine ${name}.`);
    const jmx = new JmxProxy(machine, { user: 'vm-rejuv', password, path: '/manager' });
    const manager = 'Catalina:type=Manager,host=localhost,context=/shop';
    return Number(await jmx.get(manager, 'activeSessions', AbortSignal.timeout(10_000)).finally(() => jmx.close()));
  };
  return { ...running, origins, sessionsOf };
}

/** A user's session, from its first request to the log-out after which nobody uses it. */
class Visit {
  private created = '';
  private readonly items: string[] = [];
  private turn = 0;

  /** Through the proxies by turns. */
  constructor(
    private readonly origins: readonly string[],
    first = 0,
    private cookie = '',
  ) {
    this.turn = first;
  }

  /** Adds to the cart; as `look`, it rejects where the session or something in it is lost. */
  async add(): Promise<void> {
    const item = `item-${this.items.length}`;
    this.items.push(item);
    this.verify(await this.post(`/shop/cart?item=${item}`));
  }

  async look(): Promise<void> {
    this.verify(await this.request('GET', '/shop/cart'));
  }

  async logIn(): Promise<void> {
    await this.post('/shop/login?user=demo&password=demo');
  }

  async logOut(): Promise<void> {
    await this.post('/shop/logout');
  }

  private verify(cart: string): void {
    const { created, items } = JSON.parse(cart) as { created: string; items: string[] };
    if (this.created === '') this.created = created;
    if (created !== this.created) throw new Error('The session is another.');
    if (items.join() !== this.items.join()) throw new Error(`The cart has ${items.length} of ${this.items.length} items.`);
  }

  private post(path: string): Promise<string> {
    return this.request('POST', path);
  }

  private async request(method: 'GET' | 'POST', path: string): Promise<string> {
    const origin = this.origins[this.turn++ % this.origins.length] ?? '';
    const response = await fetch(`${origin}${path}`, { method, headers: { cookie: this.cookie } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} was answered ${response.status}.`);
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.split(';', 1)[0] ?? '';
    return text;
  }
}

test(
  'as many sessions are told to have stayed behind as the server itself has',
  async () => {
    const { installation, origins, sessionsOf, startRestart } = await start();
    const [{ name: primary }] = installation.pool.machines;
    const visits = Array.from({ length: 30 }, (_, index) => new Visit(origins, index));
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
    await new Visit(origins, 0, 'JSESSIONID=0123456789ABCDEF0123456789ABCDEF.tomcat-a').add();
    const atTheServer = await sessionsOf(primary);

    const result = await handle.result();

    console.log(JSON.stringify({ server: 'none', sessionsNotMoved: result.sessionsNotMoved, atTheServer }));
    expect(atTheServer).toBe(visits.length + 1);
    expect(result.sessionsNotMoved).toBe(atTheServer);
  },
  LIMIT_MS,
);

test(
  `${RESTARTS} clean restarts wait for visits to end, and no request fails and no session is lost`,
  async () => {
    const { origins, startRestart } = await start();
    const seen = {
      server: 'none',
      restarts: RESTARTS,
      requests: 0,
      visits: 0,
      failed: [] as string[],
      sessionsNotMoved: [] as unknown[],
    };
    let isOver = false;
    const shopper = async (index: number): Promise<void> => {
      while (!isOver) {
        const visit = new Visit(origins, index);
        try {
          for (const act of [
            () => visit.add(),
            () => visit.logIn(),
            () => visit.add(),
            () => visit.add(),
            () => visit.logOut(),
          ]) {
            await act();
            seen.requests++;
          }
        } catch (error) {
          seen.failed.push(String(error));
        }
        seen.visits++;
      }
    };
    const shoppers = Array.from({ length: SHOPPERS }, (_, index) => shopper(index));
    onTestFinished(async () => {
      isOver = true;
      await Promise.all(shoppers);
    });

    while (seen.sessionsNotMoved.length < RESTARTS)
      seen.sessionsNotMoved.push((await (await startRestart()).result()).sessionsNotMoved);

    console.log(JSON.stringify({ ...seen, failed: seen.failed.length }));
    expect(seen.failed).toEqual([]);
    expect(seen.visits).toBeGreaterThan(RESTARTS * SHOPPERS);
    for (const left of seen.sessionsNotMoved) expect(left).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  'who stays for longer than a forced drain waits loses the session, which is seen and told',
  async () => {
    const { origins, startRestart } = await start({ drain: { limitMs: 1000, policy: 'force' } });
    const visit = new Visit(origins);
    await visit.add();
    const stay = async (): Promise<never> => {
      for (;;) await visit.look();
    };
    const staying = expect(stay()).rejects.toThrow('The session is another.');

    const { sessionsNotMoved } = await (await startRestart()).result();

    await staying;
    expect(sessionsNotMoved).toBe(1);
  },
  LIMIT_MS,
);
