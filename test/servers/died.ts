// A machine that has died without a last word, of which the other one has what it was sent: a graceful stop could send the rest.

import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { PoolFile } from '../../demo/installation.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { signalMachine } from '../fixtures/signal-machine.js';

export function survivorsAreCounted(name: string, shop: (directory: string) => Promise<PoolFile>): void {
  test(`${name}: of a machine that was killed the standby has the sessions that it was sent, and they are counted`, async () => {
    const { installation } = await createTestInstallation(shop);
    const { pool } = installation;
    const [primary, standby] = pool.machines;
    await installation.bootMachines();
    const mechanism = createMechanism(pool, createSessionKeyHash('test'));
    onTestFinished(() => mechanism.close());
    const call = { signal: AbortSignal.timeout(120_000), guard: () => Promise.resolve() };
    await mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call);
    const rescued = (): Promise<number | null> => mechanism.rescue({ primary, standby }, call);
    const before = (await rescued()) ?? NaN;
    for (let i = 0; i < 3; i++) await fetch(`${primary.url}/shop/cart?item=one`, { method: 'POST' });
    await signalMachine(installation, primary.name, 'SIGKILL');

    expect(await rescued()).toBe(before + 3);
  });
}
