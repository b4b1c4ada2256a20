import { expect, test } from 'vitest';
import { historyText } from '../../cli/history.js';
import { mergeHistory } from '../../cli/pool-history.js';
import type { ResultRow } from '../../state/restart-results.js';
import type { Explanation } from '../../workflows/supervision.js';

const told = (atMs: number, what: string, code: string, text = code, reason: string | null = null): Explanation => ({
  ...{ atMs, what, reason, code, text, count: 1 },
});
const stored = (run: string, atMs: number, result: object | null, failure: object | null = null): ResultRow => ({
  ...{ run, finishedAt: new Date(atMs), result, failure },
});
const holdMs = { p50: 1, p99: 2, max: 3 };
const RESTARTED = {
  from: 'a',
  to: 'b',
  sessionsMoved: 4,
  holdMs,
  holdsExpired: 1,
  tookMs: 5000,
  reason: 'heap',
  begunBy: 'pool/shop',
};
const FAILED_OVER = {
  ...{ from: 'b', to: 'a', tookMs: 8000 },
  failedOver: { saved: 3, lost: null, reason: 'b: no answer', isBack: true },
};

test('a restart that supervisor and store both know is one entry, with its beginning from one and its end from the other', () => {
  const entries = mergeHistory(
    'shop',
    [
      told(1000, 'agingDetected', 'ALLOWED', 'Go.', 'heap full'),
      told(2000, 'restart', 'STARTED', 'clean-restart/shop/1 has begun, wanted by aging.', 'heap full'),
      told(7100, 'restart', 'DONE', 'It has ended well.'),
    ],
    [stored('clean-restart/shop/1', 7000, RESTARTED)],
  );

  expect(entries.map(({ kind, code }) => `${kind} ${code ?? ''}`)).toEqual(['answer ALLOWED', 'restart DONE']);
  expect(entries[1]).toMatchObject({
    ...{ run: 'clean-restart/shop/1', at: new Date(7000), startedAt: new Date(2000), begunBy: 'pool/shop', wantedBy: 'aging' },
    ...{ reason: 'heap full', from: 'a', to: 'b', tookMs: 5000, sessionsMoved: 4, holdMs, holdsExpired: 1 },
  });
});

test('what only the store knows, only the supervisor knows, and what still runs have their place by time', () => {
  const entries = mergeHistory(
    'shop',
    [
      told(20_000, 'restart', 'STARTED', 'fail-over/shop/2 has begun, wanted by down.', 'no answer'),
      told(21_000, 'restart', 'POOL_MOVING', 'Pool shop is moving.'),
      told(22_000, 'serverDown', 'FLAPPING', 'Somebody has to say.'),
      told(23_000, 'restart', 'STARTED', 'fail-over/shop/3 has begun, wanted by down.'),
    ],
    [
      stored('clean-restart/shop/0', 1000, null, { code: 'NO_PROXY', message: 'None.', reason: 'release', begunBy: 'operator' }),
      stored('fail-over/shop/1', 10_000, FAILED_OVER),
    ],
  );

  expect(entries.map(({ kind, run, code }) => [kind, run, code])).toEqual([
    ['restart', 'clean-restart/shop/0', 'NO_PROXY'],
    ['fail-over', 'fail-over/shop/1', 'DONE'],
    ['fail-over', 'fail-over/shop/2', 'POOL_MOVING'],
    ['answer', null, 'FLAPPING'],
    ['fail-over', 'fail-over/shop/3', 'STARTED'],
  ]);
  expect(entries[0]).toMatchObject({ reason: 'release', begunBy: 'operator', text: 'None.', from: null });
  expect(entries[1]).toMatchObject({
    sessionsSaved: 3,
    sessionsLost: null,
    isBack: true,
    sessionsMoved: null,
    reason: 'b: no answer',
  });
  expect(entries[2]).toMatchObject({ tookMs: 1000, reason: 'no answer' });
});

test('the end of a restart whose beginning the supervisor has forgotten is told once, by the store', () => {
  const entries = mergeHistory('shop', [told(7100, 'restart', 'DONE')], [stored('clean-restart/shop/1', 7000, RESTARTED)]);

  expect(entries.map(({ run }) => run)).toEqual(['clean-restart/shop/1']);
});

test('people read when, who, why and what came of it', () => {
  const refused = { ...told(1000, 'serverDown', 'PAUSED', 'It is paused.', 'no answer'), count: 3 };
  const texts = mergeHistory(
    'shop',
    [refused],
    [stored('clean-restart/shop/1', 7000, RESTARTED), stored('fail-over/shop/1', 10_000, FAILED_OVER)],
  ).map(historyText);

  expect(texts).toEqual([
    '1970-01-01T00:00:01.000Z serverDown (no answer), 3 times: PAUSED: It is paused.',
    [
      '1970-01-01T00:00:07.000Z clean restart clean-restart/shop/1',
      '  begun 1970-01-01T00:00:02.000Z by pool/shop: heap',
      '  DONE: a to b, 4 sessions moved, held p99 2 ms, max 3 ms, 1 requests answered 503 because of that, 5.0 s in all',
    ].join('\n'),
    [
      '1970-01-01T00:00:10.000Z fail-over fail-over/shop/1',
      '  begun 1970-01-01T00:00:02.000Z: b: no answer',
      '  DONE: b to a, 3 sessions saved as they were last stored, without later changes, nobody knows how many lost, 8.0 s in all; b is back as the standby',
    ].join('\n'),
  ]);
});

test('a restart that went on without its primary says so, with the reason', () => {
  const skipped = { reason: 'licence server down', restarted: false };
  const [entry] = mergeHistory('shop', [], [stored('clean-restart/shop/0', 1000, { ...RESTARTED, skipped })]);

  expect(entry).toMatchObject({ code: 'DONE', skipped });
  expect(historyText(entry!)).toContain('; a was not restarted, an operator went on without it: licence server down');
});
