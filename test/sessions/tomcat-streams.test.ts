// What becomes of a session that an open connection uses while Tomcat swaps sessions out: a real Tomcat, without a proxy.

import { expect, onTestFinished, test } from 'vitest';
import { createMechanism } from '../../activities/sessions/create-mechanism.js';
import type { HandOverScope, IdleSessions, MechanismCall } from '../../activities/sessions/mechanism.js';
import { createSessionKeyHash } from '../../state/session-key.js';
import { createTestInstallation } from '../fixtures/installation.js';
import type { Talk } from '../fixtures/talk.js';
import { openTalk, sayOnce, tomcatWithTalk } from '../fixtures/talk.js';

const call: MechanismCall = { signal: AbortSignal.timeout(120_000), guard: () => Promise.resolve() };
const hash = createSessionKeyHash('test');

/** One session with an open connection and one without. */
async function startTalking(): Promise<{
  talk: Talk;
  streaming: string;
  other: string;
  prepareIdle: (streaming: string[]) => Promise<IdleSessions>;
  handOverAll: (streaming: string[]) => Promise<string[]>;
}> {
  const { installation } = await createTestInstallation(tomcatWithTalk);
  const { pool } = installation;
  const [primary, standby] = pool.machines;
  await installation.bootMachines(primary.name);
  const mechanism = createMechanism(pool, hash);
  onTestFinished(() => mechanism.close());
  const pair = { primary, standby };
  await mechanism.begin(pair, () => Promise.resolve(new Set()), call);
  const { cookie } = await sayOnce(primary.url);
  const talk = await openTalk(primary.url, cookie);
  const keyOf = (text: string): string => hash(text.slice(text.indexOf('=') + 1).split('.', 1)[0] ?? '');
  const other = keyOf((await sayOnce(primary.url)).cookie);
  const rest: Extract<HandOverScope, { held: 'all' }> = {
    ...{ held: 'all', except: new Set(), running: 0, notPickedUp: 0, named: [], streaming: new Set() },
    ...{ limit: Infinity, endsAt: Infinity, force: false },
  };
  return {
    talk,
    streaming: keyOf(cookie),
    other,
    prepareIdle: (streaming) => mechanism.prepareIdle(pair, () => Promise.resolve(new Set(streaming)), call),
    handOverAll: async (streaming) => (await mechanism.handOver(pair, { ...rest, streaming: new Set(streaming) }, call)) ?? [],
  };
}

test('a session with an open connection rests in memory while others are swapped out, and no hold takes it', async () => {
  const { talk, streaming, other, prepareIdle, handOverAll } = await startTalking();

  // Not before it has rested for a second, or longer where naming the other one takes its time.
  await expect.poll(() => prepareIdle([streaming]), { timeout: 30_000 }).toEqual({ keys: [other], haveStreams: true });
  expect(await handOverAll([streaming])).toEqual([other]);
  expect(await talk.say()).toBe('2');
});

test('a key with a stream and without a session protects nobody: what does have a stream is made invalid under it', async () => {
  const { talk, streaming, other, prepareIdle, handOverAll } = await startTalking();

  expect(await prepareIdle(['no session'])).toMatchObject({ haveStreams: false });
  expect((await handOverAll(['no session'])).sort()).toEqual([streaming, other].sort());
  expect(await talk.say()).toContain('IllegalStateException');
});
