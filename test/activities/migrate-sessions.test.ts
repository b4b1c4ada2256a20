import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { moveWhatIsQuiet } from '../../activities/migrate-sessions.js';
import { openPool, startMoving } from '../../state/pool.js';
import { standbyKeys } from '../../state/session-owner.js';
import { startAttempts } from '../fixtures/attempts.js';
import { reload, report } from '../fixtures/moving-pool.js';

// Found by the model of test/protocol: its scenario `renamed`.
test('nothing moves by name while a request from before the move runs: a log-in may have renamed its session', async () => {
  const slow: ServerResponse[] = [];
  const running = await startAttempts(
    (request, response) => void (request.url === '/slow' ? slow.push(response) : response.end()),
    {},
    'steady',
  );
  const begun = fetch(`${running.proxy.url}/slow`, { headers: { cookie: 'sid=old' } });
  await expect.poll(() => slow.length).toBe(1);
  await running.attempt(async ({ writer }) => {
    await openPool(running.store, writer);
    await reload(running);
    await startMoving(running.store, writer);
  });
  await reload(running);
  await fetch(running.proxy.url, { headers: { cookie: 'sid=renamed' } });

  await running.attempt(moveWhatIsQuiet);
  expect(await standbyKeys(running.store, 'shop')).toHaveProperty('size', 0);

  slow[0]?.end();
  await begun;
  await expect.poll(async () => (await report(running)).inFlight['a']).toBe(0);
  await running.attempt(moveWhatIsQuiet);
  expect(await standbyKeys(running.store, 'shop')).toHaveProperty('size', 1);
});
