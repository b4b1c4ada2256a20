// The barrier of WildFlys whose sessions are in a remote store: threads that execute requests (docs/servers/wildfly-remote.md has the measurements).
//
// A response ends before its session is saved, which the request's thread does afterwards. Nothing locks a session in the store, and WildFly
// lists none that is there. But one look at all threads tells which of them execute requests, those that were answered included: once each of
// these was seen without one, whatever had been answered at the first look is saved (a grace period, as of RCU).

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { OperatorError } from '../../../config/operator-error.js';
import type { WildflyBarrier } from './wildfly-barrier.js';
import type { WildflyState } from './wildfly-state.js';

/** How long named sessions wait for requests of others to end; they come again with the next batch. Chosen. */
const GRACE_MS = 250;
/** A look takes some 15 ms (measured). Chosen. */
const PAUSE_MS = 5;

const DUMP = {
  operation: 'dump-all-threads',
  address: ['core-service', 'platform-mbean', 'type', 'threading'],
  'locked-monitors': false,
  'locked-synchronizers': false,
};
const dumped = z.array(z.object({ 'thread-id': z.number(), 'stack-trace': z.array(z.object({ 'class-name': z.string() })) }));
/** A thread is at work for a request, or for its session, while one of these is on its stack. The management API is no servlet. */
const AT_WORK = ['io.undertow.servlet.', 'org.wildfly.clustering.web.undertow.'];

export function createThreadBarrier(): WildflyBarrier {
  return {
    async saved({ primary }, keys, signal) {
      return (await haveEnded(primary, performance.now() + GRACE_MS, signal)) ? [...keys] : [];
    },
    allSaved: ({ primary }, endsAt, signal) => haveEnded(primary, endsAt, signal),
  };
}

/** Whether every request that is executed now has ended by `endsAt`. */
async function haveEnded(machine: WildflyState, endsAt: number, signal: AbortSignal): Promise<boolean> {
  let running = await threadsAtWork(machine, signal);
  while (running.size > 0 && performance.now() + PAUSE_MS < endsAt) {
    await sleep(PAUSE_MS, undefined, { signal });
    const still = await threadsAtWork(machine, signal);
    running = new Set([...running].filter((id) => still.has(id)));
  }
  return running.size === 0;
}

const untold = (machine: string): OperatorError =>
  new OperatorError(
    'WILDFLY_FAILED',
    `WildFly on machine ${machine} does not tell which of its threads are at work.`,
    'Give it a Java whose platform-mbean threading it shows, and compare its version with docs/servers/wildfly-remote.md.',
    { status: 502, retryable: true },
  );

/** By their ids, as they were at one moment. */
async function threadsAtWork({ management }: WildflyState, signal: AbortSignal): Promise<Set<number>> {
  const threads = await management.ask(DUMP, dumped, signal);
  if (threads === null) throw untold(management.machine.name);
  const atWork = threads.filter(({ 'stack-trace': stack }) =>
    stack.some((frame) => AT_WORK.some((part) => frame['class-name'].startsWith(part))),
  );
  return new Set(atWork.map((thread) => thread['thread-id']));
}
