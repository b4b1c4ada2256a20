// The sessions that a machine has, in memory or on its disk.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createMechanism } from '../activities/sessions/create-mechanism.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { loadSessionKeyHash } from '../state/installation.js';

const ANSWER_MS = 10_000;

/** Their keys, or null of a server that does not tell: it has them in a store beside the machines. */
export async function sessionsAt(database: Database, pool: PoolConfig, name: string): Promise<ReadonlySet<string> | null> {
  // Whom the mechanism takes for the primary it asks.
  const [primary, standby] = [...pool.machines].sort((one) => (one.name === name ? -1 : 1)) as [MachineConfig, MachineConfig];
  const mechanism = createMechanism(pool, await loadSessionKeyHash(database));
  try {
    return await mechanism.remaining(
      { primary, standby },
      { signal: AbortSignal.timeout(ANSWER_MS), guard: () => Promise.resolve() },
    );
  } finally {
    await mechanism.close();
  }
}

/** How many sessions a machine has on its disk, as Tomcat stores them in the demo's context; null where it stores none there. */
export async function storedSessions({ machines }: PoolConfig, name: string): Promise<number | null> {
  const directory = machines.find((machine) => machine.name === name)?.sessionDirectory;
  if (typeof directory !== 'string') return null;
  const files = await readdir(join(directory, 'shop')).catch(() => []);
  return files.filter((file) => file.endsWith('.session')).length;
}
