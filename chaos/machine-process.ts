// A machine of the stage as the process that it is.

import { setTimeout as sleep } from 'node:timers/promises';
import { sessionsAt } from './sessions-at.js';
import type { Stage } from './stage.js';

/** Longer than a Tomcat takes to store its sessions. */
const DEATH_MS = 20_000;
const POLL_MS = 5;
/** A load that has just begun. */
const USERS_MS = 30_000;
const USERS_POLL_MS = 200;

/** NaN of a machine that is off. */
export async function pidOf({ driver }: Stage, name: string): Promise<number> {
  const { incarnation } = await driver.status(name, { signal: AbortSignal.timeout(5000) });
  return Number(incarnation?.split('@')[0]);
}

export async function untilOff(stage: Stage, name: string): Promise<void> {
  const signal = AbortSignal.timeout(DEATH_MS);
  while ((await stage.driver.status(name, { signal })).power !== 'off') await sleep(POLL_MS, undefined, { signal });
}

/** How many sessions a machine has once every user has one there, or as many as there are after a while; at once with a store beside the machines. */
export async function sessionsInUse({ database, installation, options }: Stage, name: string): Promise<number> {
  for (const deadline = Date.now() + USERS_MS; ; await sleep(USERS_POLL_MS)) {
    const keys = await sessionsAt(database, installation.pool, name);
    if (keys === null || keys.size >= options.users) return keys?.size ?? 0;
    if (Date.now() < deadline) continue;
    if (keys.size > 0) return keys.size;
    throw new Error(`Nobody has a session on ${name}.`);
  }
}

/** How many sessions a machine has. One that does not tell has them in a store beside it: with it none is lost. */
export async function sessionsBefore({ database, installation }: Stage, name: string): Promise<number> {
  return (await sessionsAt(database, installation.pool, name))?.size ?? 0;
}
