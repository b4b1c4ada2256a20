// As much of Hazelcast's client protocol (Open Binary Client Protocol 2, of Hazelcast 4 and 5) as it takes to ask a member which caches there are,
// and how many copies it makes of them: its REST interface tells neither. No entry of a cache is read.

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export interface HazelcastMember {
  host: string;
  port: number;
  /** cluster-name: a member answers nobody who does not know it. */
  cluster: string;
}

export interface HazelcastCache {
  /** Behind the prefix of its manager, as /hz/com.ibm.ws.session.attr.default_host%2Fshop. */
  name: string;
  /** backup-count: how many other members have an entry before its write is done. */
  backups: number;
}

/** What answers is no Hazelcast, or one that takes no client such as this. */
export class HazelcastAnswerError extends Error {
  override readonly name = 'HazelcastAnswerError';
}

interface Frame {
  flags: number;
  content: Buffer;
}

/** What a connection of version 2 begins with. */
const PREAMBLE = 'CP2';
// Types of requests; those of their answers are one higher.
const AUTHENTICATE = 0x000100;
const LIST_OBJECTS = 0x000800;
const GET_CACHE_CONFIG = 0x130c00;
// Flags of frames.
const WHOLE = 0xc000;
const LAST = 0x2000;
const BEGIN = 0x1000;
const END = 0x0800;
const NULL = 0x0400;
/** Length and flags of a frame, in bytes. */
const FRAME_HEAD = 6;
/** Type, correlation id, partition: what a request begins with, in bytes. */
const REQUEST_HEAD = 16;
/** Type, correlation id, backup acknowledgements: what an answer begins with, in bytes. */
const ANSWER_HEAD = 13;
/** No answer to these requests comes near it: who sends more is no Hazelcast. Chosen, in bytes. */
const LONGEST_FRAME = 2 ** 20;
const CACHES = 'hz:impl:cacheService';
/** Status of a log-in. */
const [ACCEPTED, REFUSED] = [0, 1];

/** All caches of the cluster; null where the member is of no cluster of that name. */
export async function cachesOf({ host, port, cluster }: HazelcastMember, signal: AbortSignal): Promise<HazelcastCache[] | null> {
  const socket = connect({ host, port, signal });
  try {
    socket.write(PREAMBLE);
    const answers = messagesIn(socket);
    const ask = async (type: number, body: Frame[], fixed: Uint8Array = Buffer.alloc(0)): Promise<Frame[]> => {
      socket.write(message(type, body, fixed));
      const { value } = await answers.next();
      if (value?.[0]?.content.readInt32LE(0) === type + 1) return value;
      throw new HazelcastAnswerError(value === undefined ? 'it has closed the connection' : `it does not take request ${type}`);
    };

    const status = (await ask(AUTHENTICATE, logIn(cluster), clientId()))[0]?.content[ANSWER_HEAD];
    if (status === REFUSED) return null;
    if (status !== ACCEPTED) throw new HazelcastAnswerError(`it takes no client, by status ${status ?? 'unknown'}`);
    const caches: HazelcastCache[] = [];
    for (const name of cachesIn(await ask(LIST_OBJECTS, []))) {
      // Without the second name, by which Hazelcast would set up a cache that is gone.
      const [, , numbers] = await ask(GET_CACHE_CONFIG, [text(name), text('')]);
      if (numbers !== undefined) caches.push({ name, backups: numbers.content.readInt32LE(0) });
    }
    return caches;
  } finally {
    socket.destroy();
  }
}

const text = (content: string): Frame => ({ flags: 0, content: Buffer.from(content) });
const mark = (flags: number): Frame => ({ flags, content: Buffer.alloc(0) });

/** Cluster, user and password, kind and version of the client, its name, and no labels. */
function logIn(cluster: string): Frame[] {
  return [text(cluster), mark(NULL), mark(NULL), text('vm-rejuv'), text('5.0.0'), text('vm-rejuv'), mark(BEGIN), mark(END)];
}

/** A UUID that is not null, and version 1 of how objects are written, of which none is sent. */
function clientId(): Buffer {
  return Buffer.concat([Buffer.of(0), randomBytes(16), Buffer.of(1)]);
}

/** `fixed`: what stands behind the head of the first frame. */
function message(type: number, body: readonly Frame[], fixed: Uint8Array): Buffer {
  const head = Buffer.alloc(REQUEST_HEAD);
  head.writeInt32LE(type, 0);
  // Of no partition.
  head.writeInt32LE(-1, REQUEST_HEAD - 4);
  const frames = [{ flags: WHOLE, content: Buffer.concat([head, fixed]) }, ...body];
  return Buffer.concat(
    frames.map(({ flags, content }, index) => {
      const frame = Buffer.alloc(FRAME_HEAD);
      frame.writeInt32LE(FRAME_HEAD + content.length, 0);
      frame.writeUInt16LE(index === frames.length - 1 ? flags | LAST : flags, 4);
      return Buffer.concat([frame, content]);
    }),
  );
}

async function* messagesIn(socket: Socket): AsyncGenerator<Frame[], undefined> {
  let unread: Buffer = Buffer.alloc(0);
  let frames: Frame[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= FRAME_HEAD) {
      const length = unread.readInt32LE(0);
      if (length < FRAME_HEAD || length > LONGEST_FRAME) throw new HazelcastAnswerError('it does not speak as Hazelcast does');
      if (unread.length < length) break;
      const flags = unread.readUInt16LE(4);
      frames.push({ flags, content: unread.subarray(FRAME_HEAD, length) });
      unread = unread.subarray(length);
      if ((flags & LAST) === 0) continue;
      yield frames;
      frames = [];
    }
  }
}

/** Of a list of objects, each between two marks with its kind and its name. */
function cachesIn(answer: readonly Frame[]): string[] {
  return answer.flatMap(({ flags }, index) => {
    const [kind, name] = answer.slice(index + 1, index + 3);
    return (flags & BEGIN) !== 0 && kind?.content.toString() === CACHES && name !== undefined ? [name.content.toString()] : [];
  });
}
