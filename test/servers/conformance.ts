// What every server and mechanism must do: five clean restarts under load, from which nobody loses anything and nothing comes back.

import { expect, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { PoolFile } from '../../demo/installation.js';
import type { CleanRestartResult } from '../../workflows/clean-restart.js';
import { rounds } from '../fixtures/rounds.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';
import { beginEndedSessions } from './ended-sessions.js';
import type { ServerFigures } from './publish.js';
import { publish } from './publish.js';

export interface ServerUnderTest {
  /** As `npm run test:servers -- --server` and docs/servers/README.md name it. */
  name: string;
  /** Of the mechanism, in the words of docs/servers/README.md. */
  mechanism: string;
  shop: (directory: string, databaseUrl: string) => Promise<PoolFile>;
  /** Requests a second. */
  rate?: number;
  /** As `beginEndedSessions` has it. */
  copiesRest?: number | null;
  /** For the whole. */
  maxSeconds?: number;
}

export const RESTARTS = rounds(5, 2);
const USERS = 50;
const MIB = 2 ** 20;
/** How much more than after its first boot a machine may have after another one: where in its warm-up it is seen, differs. Chosen. */
export const LEEWAY_MIB = 64;

export function conforms({ name, mechanism, shop, rate = 100, copiesRest = null, maxSeconds = 900 }: ServerUnderTest): void {
  test(
    `${name}: ${RESTARTS} clean restarts under fifty users fail no request, lose nothing, and leave ended what had ended`,
    { timeout: maxSeconds * 1000 },
    async () => {
      const options = { proxies: 2, users: USERS, rate, slowShare: 0.02, maxSeconds };
      const { load, origins, installation, startRestart } = await startShopUnderLoad(shop, options);
      const ended = await beginEndedSessions(origins[0] ?? '', copiesRest);
      const driver = createDriver(installation.pool);
      const memoryOf = (machine: string): Promise<number | null> =>
        driver.memoryBytes(machine, { signal: AbortSignal.timeout(10_000) });
      const freshBytes = await memoryOf(installation.pool.machines[1].name);

      let endedWhileMoving = 0;

      const { result: restarts, report } = await load.during(async () => {
        const results: CleanRestartResult[] = [];
        while (results.length < RESTARTS) {
          const restart = async (): Promise<CleanRestartResult> => (await startRestart()).result();
          const { result, wasMoving } = await ended.duringOneMore(installation, restart);
          results.push(result);
          if (wasMoving) endedWhileMoving++;
        }
        return results;
      });

      const figures = figuresOf(restarts, freshBytes ?? NaN, { server: name, mechanism, ...report });
      // Whether a session goes before the seal is a matter of chance, on a loaded host of little.
      console.log(JSON.stringify({ ...figures, endedWhileMoving }));
      expect(report.reasons).toEqual({});
      expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
      for (const { sessionsNotMoved } of restarts) expect(sessionsNotMoved).toBe(0);
      expect(figures.sessionsMoved).toBeGreaterThanOrEqual(RESTARTS * USERS * 0.9);
      expect(await ended.cameBack()).toEqual([]);
      expect(figures.restartedMiB).toBeLessThan(figures.freshMiB + LEEWAY_MIB);
      await publish(figures);
    },
  );
}

/** Of these restarts; `freshBytes` is what a machine had after its first boot. */
export function figuresOf(
  restarts: readonly CleanRestartResult[],
  freshBytes: number,
  seen: Pick<ServerFigures, 'server' | 'mechanism' | 'requests' | 'failed' | 'sessionsLost' | 'updatesLost' | 'longestWaitMs'>,
): ServerFigures {
  const sessionsMoved = restarts.reduce((sum, restart) => sum + restart.sessionsMoved, 0);
  const movingMs = restarts
    .flatMap(({ steps }) => steps.filter(({ name }) => name === 'migrateSessions' || name === 'awaitDrain'))
    .reduce((sum, { ms }) => sum + (ms ?? 0), 0);
  const { server, mechanism, requests, failed, sessionsLost, updatesLost, longestWaitMs } = seen;
  return {
    ...{ server, mechanism, restarts: restarts.length, requests, failed, sessionsLost, updatesLost, sessionsMoved },
    sessionsPerSecond: Math.round((sessionsMoved / movingMs) * 1000),
    longestHoldMs: Math.max(...restarts.map(({ holdMs }) => holdMs.max)),
    longestWaitMs,
    freshMiB: Math.round(freshBytes / MIB),
    restartedMiB: Math.round(Math.max(...restarts.map(({ memoryBytes }) => memoryBytes?.after ?? NaN)) / MIB),
  };
}
