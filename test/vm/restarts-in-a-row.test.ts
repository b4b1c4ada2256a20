// Clean restarts of real virtual machines under load, and what the checker says of a reset without one.

import { expect, test } from 'vitest';
import { isTold } from '../../activities/hypervisor/incarnation.js';
import { virsh } from '../../guests/own-libvirt.js';
import { startGuestShop } from '../fixtures/guest-shop.js';
import { rounds } from '../fixtures/rounds.js';

/** Even, so that the first machine is active again after them. */
const RESTARTS = rounds(10, 4);
/** Three emulated guests share two cores with the users and the servers. */
const LOAD = { users: 20, rate: 10, maxSeconds: 1800 };
const LIMIT_MS = 1_800_000;
const BOOTING = { timeout: 180_000, interval: 500 };

test(
  `${RESTARTS} clean restarts in a row boot each virtual machine anew and lose nothing, and a plain reset after them does`,
  async () => {
    const { installation, load, startRestart, incarnationOf } = await startGuestShop(LOAD);
    const [a, b] = installation.pool.machines.map(({ name }) => name) as [string, string];

    const { report, result } = await load.during(async () => {
      const boots = [];
      for (let i = 0; i < RESTARTS; i++) {
        const primary = i % 2 === 0 ? a : b;
        const before = await incarnationOf(primary);
        const outcome = await (await startRestart()).result();
        boots.push({ primary, before, after: await incarnationOf(primary), outcome });
        const steps = outcome.steps.map(({ name, ms }) => `${name} ${Math.round((ms ?? 0) / 1000)} s`);
        console.log(
          `${i + 1}. ${primary}: ${steps.join(', ')}; ${outcome.sessionsMoved} sessions, hold ${outcome.holdMs.max} ms`,
        );
      }
      return boots;
    });

    console.log(JSON.stringify(report));
    expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
    expect(result.map(({ outcome }) => [outcome.from, outcome.to])).toEqual(
      Array.from({ length: RESTARTS }, (_, i) => (i % 2 === 0 ? [a, b] : [b, a])),
    );
    for (const { before, after } of result) {
      expect([before, after].map(isTold)).toEqual([true, true]);
      expect(after).not.toBe(before);
    }
    expect(new Set(result.map(({ after }) => after)).size).toBe(RESTARTS);

    const { report: reset } = await load.during(async () => {
      const before = await incarnationOf(a);
      await virsh('reset', a);
      const now = (): Promise<string> => incarnationOf(a);
      await expect.poll(now, BOOTING).toSatisfy((incarnation: string) => isTold(incarnation) && incarnation !== before);
      await installation.bootMachines(a);
    });
    console.log(`plain reset: ${JSON.stringify(reset)}`);
    expect(reset.failed).toBeGreaterThan(0);
    expect(reset.sessionsLost + reset.updatesLost).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
