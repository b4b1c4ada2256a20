// Whether the clocks of two machines are near enough to each other for their sessions.

import { request } from 'undici';
import { hostHeader } from '../../config/host-header.js';
import { within } from '../../config/within.js';
import type { MachineConfig, PoolConfig } from '../../config/types.js';
import { machineUnreachable, notMovable } from '../errors.js';
import type { MachinePair } from './mechanism.js';

/** By so much sessions, and log-ins, end earlier or later on the other machine. Chosen: both live for minutes, and Date tells whole seconds. */
const CLOCKS_APART_MS = 5000;

/**
 * Refuses clocks that are further apart than sessions can bear. They are read from the Date of answers to the health check (RFC 9110 section
 * 6.6.1); a machine that sends none is believed.
 */
export async function mustHaveOneTime(pool: PoolConfig, { primary, standby }: MachinePair, signal: AbortSignal): Promise<void> {
  // What the questions themselves take is not counted.
  const before = await clockMs(primary, pool, signal);
  const between = await clockMs(standby, pool, signal);
  const after = await clockMs(primary, pool, signal);
  const apartMs = between < before ? before - between : between - after;
  // NaN where one of them is not known.
  if (!(apartMs > CLOCKS_APART_MS)) return;
  throw notMovable(
    `The clocks of machines ${primary.name} and ${standby.name} are ${Math.round(apartMs / 1000)} s apart: sessions and log-ins may end too early or too late.`,
    'Let both follow one time, as by chrony or systemd-timesyncd.',
  );
}

async function clockMs(machine: MachineConfig, { health }: PoolConfig, signal: AbortSignal): Promise<number> {
  try {
    return await within(health.timeoutMs, signal, async (limited) => {
      const { headers, body } = await request(new URL(health.path, machine.url), {
        headers: hostHeader(machine),
        signal: limited,
      });
      await body.dump();
      return Date.parse(String(headers['date']));
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw machineUnreachable(machine.name, health.path, cause);
  }
}
