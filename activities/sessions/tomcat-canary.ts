// A session of our own makes the trip before any other does.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolConfig, TomcatCanary } from '../../config/types.js';
import { askInPassing, visit } from './canary-visit.js';
import type { MechanismCall } from './mechanism.js';
import type { Lane, Side } from './tomcat-lane.js';
import { notMovable } from '../errors.js';

/** Tomcat counts idle time in whole seconds. */
const IDLE_MS = 1100;
/** With many sessions a first backup takes its time. Chosen. */
const SWAP_TIMEOUT_MS = 60_000;
/** For two calls of a manager. Chosen. */
const EXPIRE_TIMEOUT_MS = 10_000;

/** Refuses with SESSIONS_NOT_MOVABLE when the canary's session or one of the named attributes does not arrive. */
export async function sendCanary(
  canary: TomcatCanary,
  pool: PoolConfig,
  lane: Lane,
  restS: number,
  call: MechanismCall,
): Promise<void> {
  const { from, to } = lane;
  const { signal } = call;
  const session = await visit(from.machine, canary.path, pool, null);
  if (session?.name !== 'cookie') {
    throw notMovable(
      `${canary.path} on machine ${from.machine.name} sets none of the cookies ${pool.sessionId.cookies.join(', ')}.`,
      'Name a path in sessions.canary that begins a session, or correct sessionId.cookies.',
    );
  }
  // Tomcat's own id, its jvmRoute included.
  const id = session.value.slice(session.value.indexOf('=') + 1).replace(/^"|"$/g, '');
  try {
    await mustHave(canary, from, id, signal);
    if (!(await leavesMemory(lane, id, restS, call)) || !(await from.store.giveTo(to.store, [id])).get(id)) {
      throw notMovable(
        `A session of machine ${from.machine.name} did not reach ${from.store.place}.`,
        "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
      );
    }
    // The application may make a lost attribute anew, so look before it is asked.
    await askInPassing(to.machine, to.manager.context, session);
    if ((await to.manager.sessionIds(signal)).includes(id)) await mustHave(canary, to, id, signal);
    if ((await visit(to.machine, canary.path, pool, session)) !== null) {
      throw notMovable(
        `Machine ${to.machine.name} did not find the session that was handed over in ${to.store.place}.`,
        "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
      );
    }
    await mustHave(canary, to, id, signal);
  } finally {
    // What has broken the trip off must not leave a session of ours behind.
    const anyway = AbortSignal.timeout(EXPIRE_TIMEOUT_MS);
    for (const { manager, store } of [to, from]) {
      await manager.expire(id, anyway).catch(() => undefined);
      await store.remove([id]).catch(() => undefined);
    }
  }
}

async function leavesMemory({ from, swapOut }: Lane, id: string, restS: number, call: MechanismCall): Promise<boolean> {
  for (const deadline = performance.now() + SWAP_TIMEOUT_MS; performance.now() < deadline;) {
    await sleep(IDLE_MS, undefined, { signal: call.signal });
    await swapOut.idle(call, restS);
    if (!(await from.manager.sessionIds(call.signal)).includes(id)) return true;
  }
  return false;
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
