import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { BatchOutcome } from '../../activities/cut-over.js';
import { cutOver } from '../../activities/cut-over.js';
import type { Attempt } from '../../activities/attempt.js';
import type { SeenKeys } from '../../proxy/admin-api.js';
import { takeToken } from '../../state/pool.js';
import { recordStandbyKeys } from '../../state/session-owner.js';
import type { AttemptedPool } from '../fixtures/attempts.js';
import { startAttempts } from '../fixtures/attempts.js';
import { report } from '../fixtures/moving-pool.js';
import { openStream } from '../fixtures/open-stream.js';

function port(_request: IncomingMessage, response: ServerResponse): void {
  response.end(String(response.socket?.localPort));
}

function portOf({ pool }: AttemptedPool, machine: 0 | 1): string {
  return new URL(pool.machines[machine].url).port;
}

function ask({ proxy }: AttemptedPool, cookie: string): Promise<string> {
  return fetch(proxy.url, { headers: { cookie } }).then((response) => response.text());
}

/** What the proxy names when it is asked which keys may have a session at the primary. */
async function seenKeys({ admin }: AttemptedPool): Promise<string[]> {
  return ((await (await admin('/pools/shop/keys')).json()) as SeenKeys).keys;
}

const seal = (attempt: Attempt): Promise<BatchOutcome> =>
  cutOver(attempt, { scope: 'all', pickedUpMs: null, limit: Infinity, seal: 'when-empty' });

test('a request that waited for the seal goes to the standby, also where no notification arrives', async () => {
  const running: AttemptedPool = await startAttempts(port, {
    handOver: async () => {
      waiting = ask(running, 'sid=old');
      await expect.poll(async () => (await report(running)).held).toBe(1);
      return [];
    },
  });
  let waiting: Promise<string> = Promise.resolve('');
  await ask(running, 'sid=old');
  await running.store.query('alter table pool disable trigger all; alter table hold disable trigger all');

  expect((await running.attempt(seal)).sealed).toBe(true);

  expect(await waiting).toBe(portOf(running, 1));
});

test('what an attempt handed over stays when it was overtaken before its commit', async () => {
  const taken: string[] = [];
  const running: AttemptedPool = await startAttempts(port, {
    handOver: async (_pair, scope) => {
      // The successor takes the pen, and more time passes than a lease lasts.
      await takeToken(running.store, 'shop', (await runOf(running)) ?? '');
      await new Promise((resolve) => setTimeout(resolve, 600));
      return scope.held === 'keys' ? [...scope.keys] : [];
    },
    retract: async (_pair, keys, { guard }) => {
      await guard();
      taken.push(...keys);
    },
  });

  await expect(running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups: [['k']] }))).rejects.toMatchObject({
    type: 'FENCED',
  });

  expect(taken).toEqual([]);
});

test("what is let go is taken back, but for what has become the standby's meanwhile", async () => {
  const taken: string[] = [];
  const running: AttemptedPool = await startAttempts(port, {
    handOver: async () => {
      await recordStandbyKeys(running.store, 'shop', (await runOf(running)) ?? '', 'b', ['k']);
      await running.store.query("update hold set state = 'released'");
      return ['k', 'other'];
    },
    retract: (_pair, keys) => Promise.resolve(void taken.push(...keys)),
  });

  const outcome = await running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups: [['k'], ['other']] }));

  expect(outcome.moved).toEqual([]);
  expect(taken).toEqual(['other']);
});

test('keys that came in one request move whole or not at all, those without a session too', async () => {
  const running = await startAttempts(port, {
    holds: 'all',
    // The primary has a session of the first id only.
    handOver: (_pair, scope) => Promise.resolve(scope.held === 'all' ? scope.named.filter((key) => !scope.except.has(key)) : []),
    remaining: () => Promise.resolve(new Set<string>()),
  });
  await ask(running, 'sid=live; sid=stale');

  const { moved } = await running.attempt((attempt) =>
    cutOver(attempt, { scope: 'all', pickedUpMs: null, limit: 20, seal: 'no' }),
  );

  expect(moved).toHaveLength(2);
  expect(await ask(running, 'sid=live; sid=stale')).toBe(portOf(running, 1));
});

test('a key stays with the companion that a request has given it since the groups were made, until both are in one batch', async () => {
  const running = await startAttempts(port);
  await ask(running, 'sid=one');
  await ask(running, 'sid=other');
  const [one = '', other = ''] = await seenKeys(running);
  await ask(running, 'sid=one; sid=other');
  const move = (groups: string[][]): Promise<BatchOutcome> =>
    running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups }));

  expect((await move([[one]])).moved).toEqual([]);

  expect((await move([[one], [other]])).moved).toHaveLength(2);
  expect(await ask(running, 'sid=one; sid=other')).toBe(portOf(running, 1));
});

test("a companion that is the standby's already keeps nobody back", async () => {
  const running = await startAttempts(port);
  await ask(running, 'sid=one; sid=other');
  const [one = '', other = ''] = await seenKeys(running);
  await recordStandbyKeys(running.store, 'shop', (await runOf(running)) ?? '', 'b', [other]);

  expect((await running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups: [[one]] }))).moved).toEqual([one]);
});

test('a session with an open stream stays until the seal, which closes the stream inside its hold', async () => {
  const running = await startAttempts(port);
  const socket = await openStream(running, 'sid=streaming');
  const seen = await seenKeys(running);
  const closed = once(socket, 'close');

  const before = await running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups: [seen] }));
  expect(before.moved).toEqual([]);

  expect(await running.attempt(seal)).toMatchObject({ sealed: true, streamsClosed: 1 });
  const [code] = (await closed) as [number];
  expect(code).toBe(1012);
  expect(await ask(running, 'sid=streaming')).toBe(portOf(running, 1));
});

test('where a server moves as a whole, the last hold closes the streams although others are in use, and then takes them all', async () => {
  let left: string[] = [];
  const limits: number[] = [];
  const running = await startAttempts(port, {
    holds: 'all',
    remaining: () => Promise.resolve(new Set(left)),
    handOver: (_pair, scope) => {
      if (scope.held === 'all') limits.push(scope.limit);
      return Promise.resolve(left.splice(0));
    },
  });
  await openStream(running, 'sid=streaming');
  await ask(running, 'sid=other');
  left = await seenKeys(running);
  expect(left).toHaveLength(2);

  const sealed = await running.attempt((attempt) =>
    cutOver(attempt, { scope: 'all', pickedUpMs: null, limit: 1, seal: 'when-empty' }),
  );

  expect(sealed).toMatchObject({ sealed: true, streamsClosed: 1, leftBehind: 0 });
  expect(sealed.moved).toHaveLength(2);
  expect(limits).toEqual([Infinity]);
});

test('a stream without a session is not closed while others are left', async () => {
  const running = await startAttempts(port, { holds: 'all', remaining: () => Promise.resolve(new Set(['other'])) });
  await openStream(running, 'sid=ended');

  expect(await running.attempt(seal)).toMatchObject({ sealed: false, streamsClosed: 0, leftBehind: 1 });
});

test('nothing is committed when a proxy ends uncleanly while the batch is under way', async () => {
  const running: AttemptedPool = await startAttempts(port, {
    handOver: async (_pair, scope) => {
      await running.store.query(
        `insert into proxy (pool, incarnation, name, admin_url, host, pid, start_time, ended_at)
         values ('shop', gen_random_uuid(), 'dying', 'http://127.0.0.1:1', 'elsewhere', 1, '1', now())`,
      );
      return scope.held === 'keys' ? [...scope.keys] : [];
    },
  });

  expect(await running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups: [['k']] }))).toMatchObject({ moved: [] });
});

test('nothing is committed while a proxy does not hold', async () => {
  const running = await startAttempts(port);
  await running.store.query(
    `insert into proxy (pool, incarnation, name, admin_url, host, pid, start_time)
     values ('shop', gen_random_uuid(), 'silent', 'http://127.0.0.1:1', 'elsewhere', 1, '1')`,
  );

  expect(await running.attempt((attempt) => cutOver(attempt, { scope: 'keys', groups: [['k']] }))).toMatchObject({ moved: [] });

  expect((await report(running)).held).toBe(0);
  const { rows } = await running.store.query<{ state: string }>('select state from hold');
  expect(rows).toEqual([{ state: 'released' }]);
});

async function runOf({ store }: AttemptedPool): Promise<string | null> {
  const { rows } = await store.query<{ run: string | null }>('select run from pool');
  return rows[0]?.run ?? null;
}

test('a seal closes a stream also when a log-in has renamed its session and another one is left', async () => {
  let left: string[] = [];
  const running = await startAttempts(
    (request, response) => {
      if (request.url === '/log-in') response.setHeader('set-cookie', 'sid=renamed; Path=/');
      response.end();
    },
    { holds: 'all', remaining: () => Promise.resolve(new Set(left)), handOver: () => Promise.resolve(left) },
  );
  await openStream(running, 'sid=old');
  const [old] = await seenKeys(running);
  await fetch(`${running.proxy.url}/log-in`, { headers: { cookie: 'sid=old' } });
  for (const id of ['renamed', 'other']) await ask(running, `sid=${id}`);
  left = (await seenKeys(running)).filter((key) => key !== old);
  expect(left).toHaveLength(2);

  expect(await running.attempt(seal)).toMatchObject({ streamsClosed: 1 });
});
