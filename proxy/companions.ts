// Which proxies of a pool may serve beside each other.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { OperatorError } from '../config/operator-error.js';
import type { PoolConfig, ProxyConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { Leadership } from '../state/leadership.js';
import type { ProxyRow } from '../state/proxy-register.js';
import { liveProxies } from '../state/proxy-register.js';
import type { PoolReport } from './admin-api.js';

/** Chosen: far above any answer, and a restart after the loss of another host must not wait long for one. */
const ANSWER_MS = 1000;
/** A start takes a moment; one that hangs must not keep others from serving. Chosen. */
const MOST_START_MS = 5000;
const POLL_MS = 50;

/** Two proxies of a pool that start at once would not see each other: so one waits here until the other serves and has resigned. */
export async function untilNobodyStarts(databaseUrl: string, pool: string): Promise<Pick<Leadership, 'resign'>> {
  const start = new Leadership(databaseUrl, `vm-rejuv start of a proxy of pool ${pool}`);
  for (const end = performance.now() + MOST_START_MS; !(await start.leads()) && performance.now() < end;) await sleep(POLL_MS);
  return start;
}

/**
 * Throws where a proxy must not start beside those that serve the pool; one that is ending or does not answer is a predecessor. NAME_TAKEN:
 * one has its name, which is its successor's, too, and an operator who has to strike one could not tell them apart. PROXY_NOT_ALONE: each
 * would keep the order of a session's requests by itself, and nothing says that a session stays with one of them.
 */
export async function refuseCompanions(
  database: Database,
  pool: PoolConfig,
  { name, balancedBySession }: ProxyConfig,
  token: string,
): Promise<void> {
  const isAlone = pool.sessions.oneRequestAtATime && !balancedBySession;
  const asked = (await liveProxies(database, pool.name)).filter((proxy) => isAlone || proxy.name === name);
  const answers = await Promise.all(asked.map((proxy) => serves(proxy, pool.name, token)));
  const serving = asked.filter((_, index) => answers[index]);
  const namesake = serving.find((proxy) => proxy.name === name);
  if (namesake !== undefined) {
    throw new OperatorError(
      'NAME_TAKEN',
      `A proxy ${name} of pool ${pool.name} serves already, with its admin API at ${namesake.adminUrl}.`,
      'Give this one another name by --name or proxy.name, or end that one.',
      { status: 409 },
    );
  }
  const [other] = serving;
  if (other === undefined) return;
  throw new OperatorError(
    'PROXY_NOT_ALONE',
    `Proxy ${other.name} serves pool ${pool.name} already, and each proxy by itself sees to it that a session has one request at a time.`,
    'Let what stands in front of them send a session always to the same one and set proxy.balancedBySession: true, or end that one, or set sessions.oneRequestAtATime: false.',
    { status: 409 },
  );
}

async function serves({ adminUrl, incarnation }: ProxyRow, pool: string, token: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const ready = await request(`${adminUrl}/readyz`, { signal });
    await ready.body.dump();
    const headers = { authorization: `Bearer ${token}` };
    const report = await request(`${adminUrl}/pools/${encodeURIComponent(pool)}`, { headers, signal });
    // Its address may be another's by now, such as ours.
    const { incarnation: answering } = (await report.body.json()) as Partial<PoolReport>;
    return ready.statusCode === 200 && answering === incarnation;
  } catch {
    return false;
  }
}
