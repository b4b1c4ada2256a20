// Which threads of a WildFly execute requests, those that were answered included, and whether they may be at their end.

import { z } from 'zod';
import { OperatorError } from '../../../config/operator-error.js';
import type { WildflyState } from './wildfly-state.js';

const DUMP = {
  operation: 'dump-all-threads',
  address: ['core-service', 'platform-mbean', 'type', 'threading'],
  'locked-monitors': false,
  'locked-synchronizers': false,
};
const frame = z.object({ 'class-name': z.string(), 'method-name': z.string(), 'native-method': z.boolean() });
const dumped = z.array(z.object({ 'thread-id': z.number(), 'thread-state': z.string(), 'stack-trace': z.array(frame) }));
type Thread = z.output<typeof dumped>[number];

const SESSION = 'org.wildfly.clustering.web.undertow.';
/** A thread is at work for a request, or for its session, while one of these is on its stack. The management API is no servlet. */
const AT_WORK = ['io.undertow.servlet.', SESSION];
/**
 * The kernel's part of waiting for others, which Java takes for running: a client that reads or sends slowly (sun.nio.ch.EPoll.wait), a database. Not
 * a write, which may have been the answer's last.
 */
const WAITS = /^(read|recv|poll|wait$|epollWait|socketRead|accept)/;

/** By its id, of each thread at work at one moment, whether it waits for something in the application: what it serves is not answered then. */
export type AtWork = ReadonlyMap<number, 'waits' | 'goes on'>;

export async function threadsAtWork({ management }: Pick<WildflyState, 'management'>, signal: AbortSignal): Promise<AtWork> {
  const threads = await management.ask(DUMP, dumped, signal);
  if (threads === null) throw untold(management.machine.name);
  const atWork = threads.filter((thread) => AT_WORK.some((part) => isIn(thread, part)));
  return new Map(atWork.map((thread) => [thread['thread-id'], waits(thread) ? 'waits' : 'goes on']));
}

/** Those of `before` that were seen at work in every look since; the first look has all. */
export async function stillAtWork(
  state: Pick<WildflyState, 'management'>,
  before: AtWork | null,
  signal: AbortSignal,
): Promise<AtWork> {
  const now = await threadsAtWork(state, signal);
  return before === null ? now : new Map([...now].filter(([id]) => before.has(id)));
}

function waits(thread: Thread): boolean {
  // Whoever saves a session waits, too.
  if (isIn(thread, SESSION)) return false;
  const [top] = thread['stack-trace'];
  return thread['thread-state'] !== 'RUNNABLE' || (top?.['native-method'] === true && WAITS.test(top['method-name']));
}

function isIn(thread: Thread, part: string): boolean {
  return thread['stack-trace'].some((each) => each['class-name'].startsWith(part));
}

const untold = (machine: string): OperatorError =>
  new OperatorError(
    'WILDFLY_FAILED',
    `WildFly on machine ${machine} does not tell which of its threads are at work.`,
    'Give it a Java whose platform-mbean threading it shows, and compare its version with docs/servers/wildfly.md.',
    { status: 502, retryable: true },
  );
