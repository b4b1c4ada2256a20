// A session of our own makes the trip before any other does.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { MachineConfig, PoolConfig, TomcatCanary } from '../../config/types.js';
import type { Lane, Side } from './tomcat-lane.js';
import { notMovable } from './tomcat-manager.js';

/** Tomcat counts idle time in whole seconds. */
const IDLE_MS = 1100;
/** With many sessions a first backup takes its time. Chosen. */
const SWAP_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
const NOBODYS_PATH = 'vm-rejuv-canary';

/** Refuses with SESSIONS_NOT_MOVABLE when the canary's session or one of the named attributes does not arrive. */
export async function sendCanary(canary: TomcatCanary, pool: PoolConfig, lane: Lane, signal: AbortSignal): Promise<void> {
  const { from, to } = lane;
  const cookie = await visit(from.machine, canary.path, pool, null);
  if (cookie === null) {
    throw notMovable(
      `${canary.path} on machine ${from.machine.name} sets none of the cookies ${pool.sessionId.cookies.join(', ')}.`,
      'Name a path in sessions.canary that begins a session, or correct sessionId.cookies.',
    );
  }
  const id = cookie.slice(cookie.indexOf('=') + 1).split('.', 1)[0] ?? '';
  try {
    await mustHave(canary, from, id, signal);
    if (!(await leavesMemory(lane, id, signal)) || (await from.store.giveTo(to.store, [id])).length === 0) {
      throw notMovable(
        `A session of machine ${from.machine.name} did not reach ${from.store.place}.`,
        "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
      );
    }
    // The application may make a lost attribute anew, so look before it is asked: a path of nobody's loads the session all the same.
    await visit(to.machine, `${to.manager.context}/${NOBODYS_PATH}`, pool, cookie, true);
    if ((await to.manager.sessionIds(signal)).includes(id)) await mustHave(canary, to, id, signal);
    if ((await visit(to.machine, canary.path, pool, cookie)) !== null) {
      throw notMovable(
        `Machine ${to.machine.name} did not find the session that was handed over in ${to.store.place}.`,
        "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
      );
    }
    await mustHave(canary, to, id, signal);
  } finally {
    for (const { manager, store } of [to, from]) {
      await manager.expire(id, signal).catch(() => undefined);
      await store.remove([id]).catch(() => undefined);
    }
  }
}

async function leavesMemory({ from, swapOut }: Lane, id: string, signal: AbortSignal): Promise<boolean> {
  for (const deadline = performance.now() + SWAP_TIMEOUT_MS; performance.now() < deadline;) {
    await sleep(IDLE_MS, undefined, { signal });
    await swapOut.idle(signal);
    if (!(await from.manager.sessionIds(signal)).includes(id)) return true;
  }
  return false;
}

/** The session cookie that the answer sets, as name=value, or null. */
async function visit(
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

async function mustHave(canary: TomcatCanary, side: Side, id: string, signal: AbortSignal): Promise<void> {
  for (const attribute of canary.attributes) {
    if (await side.manager.hasAttribute(id, attribute, signal)) continue;
    throw notMovable(
      `The session that ${canary.path} made has no attribute "${attribute}" on machine ${side.machine.name}.`,
      'If it was lost on the way, its class or something in it is not Serializable; otherwise correct sessions.canary.attributes.',
    );
  }
}
