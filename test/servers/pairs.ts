// Two requests of a session at the same moment: whether the other machine has what both have changed, with one request at a time and without.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { PoolFile } from '../../demo/installation.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import type { FlippedSession } from './flips.js';
import { add, beginSession } from './flips.js';

/** Sessions that have their two requests in the same moment. */
const SESSIONS = 50;
/** Without it about one change in ten is lost. */
const ROUNDS = 10;
/** For the whole. */
const LIMIT_MS = 200_000;

/** Through two proxies in front of the same machines, by turns, so that whatever else might lose a change would do so with both. */
export function pairsSurvive(name: string, shop: (directory: string) => Promise<PoolFile>): void {
  test(`${name}: with one request of a session at a time both of two changes arrive, and without it some do not`, async () => {
    const { installation } = await createTestInstallation(shop);
    const { pool, configFile, directory } = installation;
    await installation.bootMachines();
    const hash = createSessionKeyHash('test');
    const mechanism = createMechanism(pool, hash);
    onTestFinished(() => mechanism.close());
    const [primary, standby] = pool.machines;
    const call = { signal: AbortSignal.timeout(LIMIT_MS), guard: () => Promise.resolve() };
    await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
    const file = parse(await readFile(configFile, 'utf8')) as { pools: Record<string, { sessions: object }> };
    for (const each of Object.values(file.pools)) each.sessions = { ...each.sessions, oneRequestAtATime: false };
    const VM_REJUV_CONFIG = join(directory, 'without.yaml');
    await writeFile(VM_REJUV_CONFIG, stringify(file));
    const without = await installation.startProxy('without', { env: { VM_REJUV_CONFIG } });
    const serialised = await installation.startProxy('with');

    const saved = async (sessions: readonly FlippedSession[]): Promise<void> => {
      const keys = new Set(sessions.map(({ id }) => hash(id)));
      while (keys.size > 0) {
        for (const key of (await mechanism.handOver({ primary, standby }, { held: 'keys', keys: [...keys] }, call)) ?? [])
          keys.delete(key);
      }
    };
    /** How many of two changes each the standby does not have. */
    const lost = async (proxy: { url: string }): Promise<number> => {
      const through = { ...primary, url: proxy.url };
      const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => beginSession(through, pool)));
      const both = await Promise.all(sessions.map((one) => Promise.all([add(through, one), add(through, one)])));
      // The primary has both.
      for (const counts of both) expect(Math.max(...counts)).toBe(2);
      await saved(sessions);
      const found = await Promise.all(sessions.map((one) => add(standby, one)));
      return found.reduce((sum, count) => sum + 3 - count, 0);
    };

    const seen = { pairs: ROUNDS * SESSIONS, lostWith: 0, lostWithout: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      seen.lostWith += await lost(serialised);
      seen.lostWithout += await lost(without);
    }
    console.log(JSON.stringify({ server: name, ...seen }));
    expect(seen.lostWith).toBe(0);
    expect(seen.lostWithout).toBeGreaterThan(0);
  });
}
