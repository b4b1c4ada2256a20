import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startShopUnderLoad } from '../../fixtures/shop-under-load.js';
import { openTalk, sayOnce, tomcatWithTalk } from '../../fixtures/talk.js';

/** Every so often, and more rarely than a session has to rest to be swapped out. */
const PAUSES_MS = [50, 1500];

/** Talks until the connection is closed; what has been answered, and then by a request. */
async function talkUntilClosed(url: string, pauseMs: number): Promise<string[]> {
  const { cookie, answer } = await sayOnce(url);
  const talk = await openTalk(url, cookie);
  const answers = [answer];
  for (;;) {
    const next = await talk.say();
    if (next === null) break;
    answers.push(next);
    await sleep(pauseMs);
  }
  return [...answers, (await sayOnce(url, cookie)).answer];
}

test('whatever a connection does to its session during a clean restart is done, until it is closed, and is there on the standby', async () => {
  const { load, origins, startRestart } = await startShopUnderLoad(tomcatWithTalk, { users: 100, rate: 200 });
  const talking = PAUSES_MS.map((pauseMs) => talkUntilClosed(origins[0] ?? '', pauseMs));

  const { result, report } = await load.during(async () => (await startRestart()).result());

  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  expect(result).toMatchObject({ sessionsNotMoved: 0 });
  for (const answers of await Promise.all(talking)) {
    // What was said right before the close may have been done without an answer.
    const last = Number(answers.pop());
    expect(answers).toEqual(answers.map((_answer, index) => String(index + 1)));
    expect([answers.length + 1, answers.length + 2]).toContain(last);
  }
});
