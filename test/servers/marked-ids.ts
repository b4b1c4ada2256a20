// Servers whose ids name machines: only with their own routeMarker are they one session, and clients without cookies have them in URLs.

import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { RouteMarker } from '../../config/route-marker.js';
import { ROUTE_MARKERS } from '../../config/route-marker.js';
import type { PoolConfig } from '../../config/types.js';
import type { PoolFile } from '../../demo/installation.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';

export interface MarkedIds {
  name: string;
  shop: (directory: string, databaseUrl: string) => Promise<PoolFile>;
  /** The only one that takes ids of both machines for the same session. */
  routeMarker: RouteMarker;
  /** Begins something else that a clean restart has to keep, and resolves with what checks it afterwards. */
  alsoKept?: (origin: string) => Promise<() => Promise<void>>;
}

/** Preflight with wrong markers is the negative control; with the right one a session in URLs goes on elsewhere. */
export function idsAreMarked({ name, shop, routeMarker, alsoKept }: MarkedIds): void {
  test(`${name}: preflight refuses every routeMarker but ${routeMarker}, and with it a session whose id is in URLs goes on elsewhere`, async () => {
    const { installation, startRestart } = await createTestInstallation(shop);
    const { pool } = installation;
    const [primary, standby] = pool.machines;
    await installation.bootMachines();
    for (const marker of ROUTE_MARKERS) {
      const passed = await preflightOf({ ...pool, sessionId: { ...pool.sessionId, routeMarker: marker } });
      expect(passed, marker).toMatch(
        marker === routeMarker ? /^passed$/ : /found the session of machine .*, and gave it another id|did not find the session/,
      );
    }

    const { url: origin } = await installation.startProxy('proxy-1');
    await installation.startWorker();
    const stillKept = await alsoKept?.(origin);
    const begun = await fetch(`${origin}/shop/cart?item=one`, { method: 'POST' });
    const id = idSetBy(begun);
    expect(await countIn(begun)).toBe(1);
    const add = (): Promise<Response> => fetch(`${origin}/shop/cart;jsessionid=${id}?item=more`, { method: 'POST' });
    expect(await countIn(await add())).toBe(2);
    const restart = await startRestart();
    expect(await restart.result()).toMatchObject({ from: primary.name, to: standby.name, sessionsNotMoved: 0 });
    const elsewhere = await add();
    expect(await countIn(elsewhere)).toBe(3);
    expect(idSetBy(elsewhere), 'the machine that has it now writes its own name').toMatch(/../);
    await stillKept?.();
  });
}

async function preflightOf(pool: PoolConfig): Promise<string> {
  const mechanism = createMechanism(pool, createSessionKeyHash('test'));
  onTestFinished(() => mechanism.close());
  const [primary, standby] = pool.machines;
  const call = { signal: AbortSignal.timeout(60_000), guard: () => Promise.resolve() };
  return mechanism.preflight({ primary, standby }, () => Promise.resolve(new Set()), call).then(() => 'passed', String);
}

function idSetBy(response: Response): string {
  return /^JSESSIONID=([^;]*)/.exec(response.headers.getSetCookie()[0] ?? '')?.[1] ?? '';
}

async function countIn(response: Response): Promise<number> {
  return ((await response.json()) as { count: number }).count;
}
