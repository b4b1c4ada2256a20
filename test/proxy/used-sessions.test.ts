import { expect, test } from 'vitest';
import { UsedSessions } from '../../proxy/used-sessions.js';

const IDLE_MS = 1000;

interface Use {
  came?: string[];
  set?: string[];
  isDeleted?: boolean;
  machine?: string;
  isSteady?: boolean;
}

function noted(uses: readonly [now: number, use: Use][]): UsedSessions {
  const used = new UsedSessions(IDLE_MS);
  for (const [now, { came = [], set = [], isDeleted = false, machine = 'a', isSteady = true }] of uses)
    used.note({ machine, came, set, isDeleted }, now, isSteady);
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

  expect(used.of('a')).toEqual({
    sessions: [['first', 'after log-in', 'of another application'], ['of somebody else']],
    usedAt: 4,
  });
});

test('two that turn out to be one are one from then on', () => {
  const used = noted([
    [1, { set: ['one', 'uno'] }],
    [2, { set: ['two'] }],
    [3, { came: ['two', 'uno'] }],
  ]);

  expect(used.of('a').sessions.map((keys) => keys.sort())).toEqual([['one', 'two', 'uno']]);
});

test('a session whose cookie is deleted has ended; one that begins in the same answer is another', () => {
  const used = noted([
    [1, { set: ['one'] }],
    [2, { came: ['one'], set: ['after log-in'] }],
    [3, { set: ['two'] }],
    [4, { came: ['after log-in'], isDeleted: true }],
    [5, { came: ['two'], set: ['three'], isDeleted: true }],
  ]);

  expect(used.of('a').sessions).toEqual([['three']]);
});

test('while the pool is steady, what has rested for longer than idleMs is forgotten, and while it moves nothing is', () => {
  const uses: [number, Use][] = [
    [1, { set: ['one'] }],
    [2, { set: ['two'] }],
    [900, { came: ['one'] }],
  ];

  expect(noted([...uses, [1800, { set: ['three'] }]]).of('a').sessions).toEqual([['one'], ['three']]);
  expect(noted([...uses, [9000, { set: ['three'], isSteady: false }]]).of('a').sessions).toHaveLength(3);
});

test('machines are told apart, and of those that have been restarted nothing is kept', () => {
  const used = noted([
    [1, { set: ['one'] }],
    [2, { set: ['two'], machine: 'b' }],
    [3, { set: ['three'], machine: 'b' }],
  ]);
  expect(used.size).toBe(3);

  used.keepOnly('b');

  expect(used.of('a')).toEqual({ sessions: [], usedAt: null });
  expect(used.of('b').sessions).toEqual([['two'], ['three']]);
});

test('ids that a client makes up push out what has rested longest, and no more is kept than a machine may have', () => {
  const used = new UsedSessions(IDLE_MS, 3);

  for (const at of [1, 2, 3, 4, 5]) used.note({ machine: 'a', came: [`made up ${at}`], set: [], isDeleted: false }, at, false);

  expect(used.of('a').sessions).toEqual([['made up 3'], ['made up 4'], ['made up 5']]);
});
