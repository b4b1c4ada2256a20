// Sessions of our own make the trip before any other does.

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

/** Begins a session on each machine, which have to do so alike. None of them is there any more when this has ended, however that was. */
export async function withCanaries(
  canary: TomcatCanary,
  pool: PoolConfig,
  { from, to }: Lane,
  work: (ofPrimary: SessionHeader, ofStandby: SessionHeader) => Promise<void>,
): Promise<void> {
  const begun: SessionHeader[] = [];
  const begin = async ({ machine }: Side): Promise<[SessionHeader, Visit]> => {
    const answer = await visit(machine, canary.path, pool, null);
    const { session } = answer;
    if (session?.name !== 'cookie') {
      throw notMovable(
        `${canary.path} on machine ${machine.name} sets none of the cookies ${pool.sessionId.cookies.join(', ')}.`,
        'Name a path in sessions.canary that begins a session, or correct sessionId.cookies.',
      );
    }
    begun.push(session);
    return [session, answer];
  };
  try {
    const [ofPrimary, ours] = await begin(from);
    const [ofStandby, theirs] = await begin(to);
    mustBeginAlike(pool, from.machine, ours, to.machine, theirs);
    await work(ofPrimary, ofStandby);
  } finally {
    // What has broken the trip off must not leave a session of ours behind.
    const anyway = AbortSignal.timeout(EXPIRE_TIMEOUT_MS);
    const ids = begun.map(idIn);
    for (const { manager, store } of [to, from]) {
      for (const id of ids) await manager.expire(id, anyway).catch(() => undefined);
      await store.remove(ids).catch(() => undefined);
    }
  }
}

/**
 * Has a session of ours leave the memory of the machine on which it began, with what else rests there, and looks for it on the other.
 * Refuses with SESSIONS_NOT_MOVABLE when it, or one of the named attributes, does not arrive.
 */
export async function makeTrip(
  canary: TomcatCanary,
  pool: PoolConfig,
  lane: Lane,
  session: SessionHeader,
  restS: number,
  call: MechanismCall,
): Promise<void> {
  const { from, to } = lane;
  const { signal } = call;
  const id = idIn(session);
  const mustHave = (side: Side, sent?: ReadonlyMap<string, string>): Promise<Map<string, string>> =>
    attributesOf(canary, from, side, id, signal, sent);
  if (!(await from.manager.sessionIds(signal)).includes(id)) {
    throw notMovable(
      `${from.manager.what} does not know the session that ${canary.path} began there.`,
      'Compare sessions.virtualHost with the Host that has the context, and let machines[].host name it.',
    );
  }
  const sent = await mustHave(from);
  const isOut = await leavesMemory(lane, id, restS, call);
  await call.guard();
  if (!isOut || !(await from.store.giveTo(to.store, [id])).get(id)) {
    throw notMovable(
      `A session of machine ${from.machine.name} did not reach ${from.store.place}.`,
      "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
    );
  }
  // The application may make a lost attribute anew, so look before it is asked.
  await askInPassing(to.machine, to.manager.context, session);
  if ((await to.manager.sessionIds(signal)).includes(id)) await mustHave(to, sent);
  if ((await visit(to.machine, canary.path, pool, session)).session !== null) {
    throw notMovable(
      `Machine ${to.machine.name} did not find the session that was handed over in ${to.store.place}.`,
      "Compare the Store element of its Manager with sessions.store and the machine's own part of it, and read Tomcat's log.",
    );
  }
  await mustHave(to, sent);
}

/** Tomcat's own, its jvmRoute included. */
function idIn({ value }: SessionHeader): string {
  return value.slice(value.indexOf('=') + 1).replace(/^"|"$/g, '');
}

async function leavesMemory({ from, swapOut }: Lane, id: string, restS: number, call: MechanismCall): Promise<boolean> {
  for (const deadline = performance.now() + SWAP_TIMEOUT_MS; performance.now() < deadline;) {
    await swapOut.idle(call, restS);
    if (!(await from.manager.sessionIds(call.signal)).includes(id)) return true;
    await sleep(IDLE_MS, undefined, { signal: call.signal });
  }
  return false;
}

/** What `toString` says of an object whose class has none of its own. */
const BY_CLASS = /^([\w.$]+)@[0-9a-f]+$/;

/** The named attributes as text; refuses where one is missing. `sent`, what they were where the session came from. */
async function attributesOf(
  canary: TomcatCanary,
  from: Side,
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
      `The session that ${canary.path} began on machine ${from.machine.name} has no attribute "${attribute}"${className === undefined ? '' : ` (a ${className})`} on machine ${side.machine.name}.`,
      sent.size === 0
        ? 'Correct sessions.canary: its path sets this attribute, or attributes names another.'
        : 'It was lost on the way: let its class, and what is in it, be Serializable.',
    );
  }
  return found;
}
