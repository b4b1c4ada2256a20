// Ids that are encrypted anew with each answer, as Laravel's: a session has as many names as answers, of which clients use old ones as well.

import { expect, test } from 'vitest';
import { groupsAround } from '../../activities/key-groups.js';
import type { SeenKeys } from '../../proxy/admin-api.js';
import { commitHold, openHold } from '../../state/hold.js';
import { swapPool } from '../../state/pool.js';
import { reload, startMovingPool } from '../fixtures/moving-pool.js';

const ANSWERS = 20;

test('a session whose id changes with each answer moves whole, and nothing of it is kept once the pool is steady', async () => {
  let answers = 0;
  const running = await startMovingPool((request, response) => {
    const owner = /sid=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? 'nobody';
    response.setHeader('set-cookie', `sid=${owner}.${++answers}; Path=/`).end(String(request.socket.localPort));
  });
  const { store, writer, ports, admin, proxy } = running;
  const ask = async (cookie: string): Promise<{ cookie: string; port: number }> => {
    const answer = await fetch(proxy.url, { headers: { cookie } });
    return { cookie: answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '', port: Number(await answer.text()) };
  };
  const seen = async (): Promise<SeenKeys> => (await (await admin('/pools/shop/keys')).json()) as SeenKeys;
  const known = async (): Promise<number> =>
    Number(/^vm_rejuv_known_sessions\S* (\d+)$/m.exec(await (await fetch(`${proxy.adminUrl}/metrics`)).text())?.[1]);
  const end = async (moved: string[], seal: boolean): Promise<void> => {
    const holdId = await openHold(store, writer, { scope: seal ? 'all' : 'keys', keys: moved, deadlineMs: 60_000 });
    const acknowledged = new Set([proxy.incarnation]);
    expect(await commitHold(store, writer, { holdId, moved, acknowledged, seal, requestTimeoutMs: 0 })).toBe('committed');
  };
  const cookies = ['sid=one.0'];
  for (let i = 0; i < ANSWERS; i++) {
    const { cookie, port } = await ask(cookies.at(-1) ?? '');
    expect(port).toBe(ports[0]);
    cookies.push(cookie);
  }
  await ask('sid=other.0');

  const { keys, together } = await seen();
  const groups = groupsAround(keys, together, new Set());
  expect(groups.map(({ length }) => length).sort((a, b) => a - b)).toEqual([2, ANSWERS + 1]);
  await end(groups.find(({ length }) => length > 2) ?? [], false);
  await reload(running);

  for (const cookie of cookies) expect((await ask(cookie)).port).toBe(ports[1]);
  expect((await ask('sid=other.0')).port).toBe(ports[0]);
  // Of what has moved nobody needs to know any more what followed what.
  expect((await seen()).together.every((combination) => combination.length === 2)).toBe(true);
  expect((await seen()).together).toHaveLength(2);
  expect(await known()).toBeGreaterThan(ANSWERS);
  await end([], true);
  await swapPool(store, writer, {});
  await reload(running);
  expect(await known()).toBe(0);
});
