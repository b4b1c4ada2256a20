// A server may go on with a request after its answer is complete: what the proxies call quiet is not yet saved.

import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import { normalisedId } from '../../config/route-marker.js';
import type { PoolFile } from '../../demo/installation.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';

/** How long the request goes on after its answer: longer than two requests take. */
const GOES_ON_MS = 1500;

interface Cart {
  count: number;
}

/** Reads on the other machine what a request has changed whose answer was complete: with the barrier, and without as the control. */
export function barrierHolds(name: string, shop: (directory: string, databaseUrl: string) => Promise<PoolFile>): void {
  test(`${name}: a request that goes on behind its answer is unsaved to the other machine, and the barrier waits for it`, async () => {
    const { installation } = await createTestInstallation(shop);
    const { pool } = installation;
    await installation.bootMachines();
    const hash = createSessionKeyHash('test');
    const mechanism = createMechanism(pool, hash);
    onTestFinished(() => mechanism.close());
    const [primary, standby] = pool.machines;
    const call = { signal: AbortSignal.timeout(120_000), guard: () => Promise.resolve() };
    await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
    const early = async (): Promise<{ cookie: string; countAtStandby: () => Promise<number> }> => {
      const first = await fetch(`${primary.url}/shop/cart?item=one`, { method: 'POST' });
      const cookie = first.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '')[0] ?? '';
      const options = { method: 'POST', headers: { cookie } };
      const answer = await fetch(`${primary.url}/shop/early?ms=${GOES_ON_MS}&item=two`, options);
      expect(((await answer.json()) as Cart).count).toBe(2);
      const countAtStandby = async (): Promise<number> =>
        ((await (await fetch(`${standby.url}/shop/cart`, { headers: { cookie } })).json()) as Cart).count;
      return { cookie, countAtStandby };
    };

    expect(await (await early()).countAtStandby()).toBeLessThan(2);

    const { cookie, countAtStandby } = await early();
    const key = hash(normalisedId(cookie.slice(cookie.indexOf('=') + 1), pool.sessionId.routeMarker));
    const handOver = (): Promise<string[] | null> =>
      mechanism.handOver({ primary, standby }, { held: 'keys', keys: [key] }, call);
    await expect.poll(handOver, { interval: 10 }).toEqual([key]);
    expect(await countAtStandby()).toBe(2);
  });
}
