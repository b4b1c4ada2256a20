import { expect, test } from 'vitest';
import { UsedSessions } from '../../proxy/used-sessions.js';

const IDLE_MS = 1000;

interface Use {
  came?: string[];
  set?: string[];
  ended?: string[];
  machine?: string;
}

function noted(uses: readonly [now: number, use: Use][]): UsedSessions {
  const used = new UsedSessions(IDLE_MS);
  for (const [now, { came = [], set = [], ended = [], machine = 'a' }] of uses) used.note({ machine, came, set, ended }, now);
  return used;
}

test('a session is one whatever its ids: several in one request, and the new one of a log-in', () => {
  const used = noted([
    [1, { set: ['first'] }],
    [2, { came: ['first'], set: ['after log-in'] }],
    [3, { came: ['after log-in', 'of another application'] }],
    [4, { set: ['of somebody else'] }],
    [5, {}],
  ]);

  expect(used.of('a')).toEqual([['first', 'after log-in', 'of another application'], ['of somebody else']]);
  expect(used.latest('a')).toBe(4);
});

test('two that turn out to be one are one from then on', () => {
  const used = noted([
    [1, { set: ['one', 'uno'] }],
    [2, { set: ['two'] }],
    [3, { came: ['two', 'uno'] }],
  ]);

  expect(used.of('a').map((keys) => keys.sort())).toEqual([['one', 'two', 'uno']]);
});

test('a session whose cookie is deleted has ended; one that begins in the same answer is another', () => {
  const used = noted([
    [1, { set: ['one'] }],
    [2, { came: ['one'], set: ['after log-in'] }],
    [3, { set: ['two'] }],
    [4, { came: ['after log-in'], ended: ['after log-in'] }],
    [5, { came: ['two'], set: ['three'], ended: ['two'] }],
  ]);

  expect(used.of('a')).toEqual([['three']]);
});

test('one of several cookies that is deleted ends none of them: they are one session, or others go on', () => {
  const used = noted([
    [1, { set: ['one'] }],
    [2, { set: ['two'] }],
    [3, { came: ['one', 'two'], ended: ['one'] }],
  ]);

  expect(used.of('a')).toHaveLength(1);
  expect(used.latest('a')).toBe(3);
});

test('what has rested for longer than idleMs is forgotten when it is asked for', () => {
  const used = noted([
    [1, { set: ['one'] }],
    [2, { set: ['two'] }],
    [900, { came: ['one'] }],
    [9000, { set: ['three'] }],
  ]);
  expect(used.of('a')).toHaveLength(3);

  used.forget(1800);

  expect(used.of('a')).toEqual([['one'], ['three']]);
});

test('machines are told apart, and of those that have been restarted nothing is kept', () => {
  const used = noted([
    [1, { set: ['one'] }],
    [2, { set: ['two'], machine: 'b' }],
    [3, { set: ['three'], machine: 'b' }],
  ]);
  expect(used.size).toBe(3);

  used.keepOnly('b');

  expect(used.of('a')).toEqual([]);
  expect(used.latest('a')).toBeNull();
  expect(used.of('b')).toEqual([['two'], ['three']]);
});

test('ids that a client makes up push out what has rested longest, and no more is kept than a machine may have', () => {
  const used = new UsedSessions(IDLE_MS, 3);
  const note = (came: string[], at: number): void => used.note({ machine: 'a', came, set: [], ended: [] }, at);

  for (const at of [1, 2, 3, 4, 5]) note([`made up ${at}`], at);
  expect(used.of('a')).toEqual([['made up 3'], ['made up 4'], ['made up 5']]);

  for (let at = 6; at < 1000; at++) note([`next ${at}`, `next ${at + 1}`], at);
  expect(used.of('a').at(-1)).toHaveLength(16);
  expect(used.of('a').at(-1)?.at(-1)).toBe('next 1000');
});
