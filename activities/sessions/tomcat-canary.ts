// A session of our own makes the trip before any other does.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolConfig, TomcatCanary } from '../../config/types.js';
import type { SessionHeader, Visit } from './canary-visit.js';
import { askInPassing, visit } from './canary-visit.js';
import type { MechanismCall } from './mechanism.js';
import type { Lane, Side } from './tomcat-lane.js';
import { notMovable } from '../errors.js';
import { mustBeginAlike } from './session-cookie.js';

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
  const ours = await visit(from.machine, canary.path, pool, null);
  const { session } = ours;
  if (session?.name !== 'cookie') {
    throw notMovable(
      `${canary.path} on machine ${from.machine.name} sets none of the cookies ${pool.sessionId.cookies.join(', ')}.`,
      'Name a path in sessions.canary that begins a session, or correct sessionId.cookies.',
    );
  }
  const id = idIn(session);
  let theirs: Visit | undefined;
  try {
    theirs = await visit(to.machine, canary.path, pool, null);
    mustBeginAlike(pool, from.machine, ours, to.machine, theirs);
    const sent = await mustHave(canary, from, id, signal);
    if (!(await leavesMemory(lane, id, restS, call)) || !(await from.store.giveTo(to.store, [id])).get(id)) {
      throw notMovable(
        `A session of machine ${from.machine.name} did not reach ${from.store.place}.`,
        "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
      );
    }
    // The application may make a lost attribute anew, so look before it is asked.
    await askInPassing(to.machine, to.manager.context, session);
    if ((await to.manager.sessionIds(signal)).includes(id)) await mustHave(canary, to, id, signal, sent);
    if ((await visit(to.machine, canary.path, pool, session)).session !== null) {
      throw notMovable(
        `Machine ${to.machine.name} did not find the session that was handed over in ${to.store.place}.`,
        "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
      );
    }
    await mustHave(canary, to, id, signal, sent);
  } finally {
    // What has broken the trip off must not leave a session of ours behind.
    const anyway = AbortSignal.timeout(EXPIRE_TIMEOUT_MS);
    for (const { manager, store } of [to, from]) {
      await manager.expire(id, anyway).catch(() => undefined);
      await store.remove([id]).catch(() => undefined);
    }
    if (theirs?.session) await to.manager.expire(idIn(theirs.session), anyway).catch(() => undefined);
  }
}

/** Tomcat's own, its jvmRoute included. */
function idIn({ value }: SessionHeader): string {
  return value.slice(value.indexOf('=') + 1).replace(/^"|"$/g, '');
}

async function leavesMemory({ from, swapOut }: Lane, id: string, restS: number, call: MechanismCall): Promise<boolean> {
  for (const deadline = performance.now() + SWAP_TIMEOUT_MS; performance.now() < deadline;) {
    await sleep(IDLE_MS, undefined, { signal: call.signal });
    await swapOut.idle(call, restS);
    if (!(await from.manager.sessionIds(call.signal)).includes(id)) return true;
  }
  return false;
}

/** What `toString` says of an object whose class has none of its own. */
const BY_CLASS = /^([\w.$]+)@[0-9a-f]+$/;

/** The named attributes as text; `sent`, what they were where the session came from. */
async function mustHave(
  canary: TomcatCanary,
  side: Side,
  id: string,
  signal: AbortSignal,
  sent: ReadonlyMap<string, string> = new Map(),
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const attribute of canary.attributes) {
    const text = await side.manager.attributeText(id, attribute, signal);
    found.set(attribute, text);
    if (text !== '') continue;
    const [, className] = BY_CLASS.exec(sent.get(attribute) ?? '') ?? [];
    throw notMovable(
      `The session that ${canary.path} made has no attribute "${attribute}"${className === undefined ? '' : ` (a ${className})`} on machine ${side.machine.name}.`,
      sent.size === 0
        ? 'Correct sessions.canary: its path sets this attribute, or attributes names another.'
        : 'It was lost on the way: let its class, and what is in it, be Serializable.',
    );
  }
  return found;
}
