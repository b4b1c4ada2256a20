// A proxy's name is that of its successor, too. Two that serve under one would not be told apart by an operator who has to strike one.

import { request } from 'undici';
import { OperatorError } from '../config/operator-error.js';
import type { Database } from '../state/database.js';
import type { ProxyRow } from '../state/proxy-register.js';
import { liveProxies } from '../state/proxy-register.js';
import type { PoolReport } from './admin-api.js';

/** Chosen: far above any answer, and a restart after the loss of another host must not wait long for one. */
const ANSWER_MS = 1000;

/** Throws NAME_TAKEN while another proxy of the pool serves under `name`. One that is ending or does not answer is a predecessor. */
export async function refuseNamesake(database: Database, pool: string, name: string, token: string): Promise<void> {
  const namesakes = (await liveProxies(database, pool)).filter((proxy) => proxy.name === name);
  const serving = await Promise.all(namesakes.map((proxy) => serves(proxy, pool, token)));
  const taken = namesakes.find((_, index) => serving[index]);
  if (taken === undefined) return;
  throw new OperatorError(
    'NAME_TAKEN',
    `A proxy ${name} of pool ${pool} serves already, with its admin API at ${taken.adminUrl}.`,
    'Give this one another name by --name or proxy.name, or end that one.',
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
