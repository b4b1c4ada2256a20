// One request of a canary to a machine itself, past the proxies.

import { request } from 'undici';
import type { MachineConfig, PoolConfig } from '../../config/types.js';
import { notMovable } from '../errors.js';

const REQUEST_TIMEOUT_MS = 10_000;

/** The session cookie that the answer sets, as name=value, or null. */
export async function visit(
  machine: MachineConfig,
  path: string,
  pool: PoolConfig,
  cookie: string | null,
  anyStatus = false,
): Promise<string | null> {
  const response = await request(`${machine.url}${path}`, {
    headers: cookie === null ? {} : { cookie },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw notMovable(`Machine ${machine.name} does not answer ${path}: ${String(cause)}.`, 'Look at the machine.');
  });
  await response.body.dump();
  if (response.statusCode >= 400 && !anyStatus) {
    throw notMovable(
      `Machine ${machine.name} answered ${response.statusCode} to the canary's ${path}.`,
      'Correct sessions.canary.path.',
    );
  }
  const set = response.headers['set-cookie'] ?? [];
  const cookies = (typeof set === 'string' ? [set] : set).map((line) => line.split(';', 1)[0] ?? '');
  return cookies.find((line) => pool.sessionId.cookies.includes(line.slice(0, line.indexOf('=')))) ?? null;
}
