import { describe, expect, test } from 'vitest';
import { GOOD, load, refusal } from '../fixtures/config-file.js';

const withMonitor = (monitor: string, policy = '{}'): string =>
  GOOD.replace('    health: {', `    policy: ${policy}\n    monitor: ${monitor}\n    health: {`);
const metric = (fields: string): string =>
  withMonitor(`{ prometheus: [{ url: "http://{host}:9404/metrics", metric: x, kind: threads, ${fields} }] }`);
const monitorOf = (text: string): unknown => load(text).pools['shop']?.monitor;

describe('what makes no sense of a monitor is refused with its field and what to do', () => {
  test.each([
    [
      'one of a pool that nobody watches',
      GOOD.replace('    health: {', '    monitor: { intervalMs: 1000 }\n    health: {'),
      /yaml:17 pools\.shop\.monitor: found a mapping, allowed: nothing, or a policy beside it \(\{\} for defaults\)/,
    ],
    [
      'the same where supervision is off',
      withMonitor('{}', 'null'),
      /pools\.shop\.monitor: found a mapping, allowed: nothing, or/,
    ],
    [
      'two words on where a metric is exhausted',
      metric('limit: 800, limitMetric: y'),
      /prometheus\.0\.limit: found 800, allowed: null, or no limitMetric: one of the two/,
    ],
    [
      'a placeholder that nobody fills in',
      metric('').replace('/metrics', '/metrics?of={hsot}'),
      /prometheus\.0\.url: found "http.*hsot\}", allowed: a URL with no other placeholders than \{host\} and \{machine\}/,
    ],
    [
      'one in place of the host',
      metric('').replace('{host}', '{hsot}'),
      /prometheus\.0\.url: .*allowed: a URL with no other placeholders than \{host\}/,
    ],
    ['a placeholder that does not end', metric('').replace('/metrics', '/{host'), /prometheus\.0\.url: .*no other placeholders/],
    [
      'a URL that is none',
      metric('').replace('http://{host}', 'ftp://{host}'),
      /prometheus\.0\.url: .*allowed: an http or https URL/,
    ],
    [
      'a selector in place of a name',
      metric('').replace('metric: x', 'metric: "x{a=1}"'),
      /prometheus\.0\.metric: found "x\{a=1\}", allowed: the name of a metric alone.*labels: \{ area: heap \}/,
    ],
    ['the same of the limit', metric('limitMetric: \'y{a="1"}\''), /prometheus\.0\.limitMetric: .*the name of a metric alone/],
    ['a label that has no name', metric('labels: { "a b": c }'), /prometheus\.0\.labels\.a b: .*allowed: the name of a label/],
    ['a label without quotes', metric('labels: { a: 1 }'), /prometheus\.0\.labels\.a: found 1, allowed: text: put it in quotes/],
    [
      'a sample that outlasts its interval',
      withMonitor('{ intervalMs: 5000, timeoutMs: 5001 }'),
      /monitor\.timeoutMs: found 5001, allowed: at most 5000, which is intervalMs: a sample has to end before/,
    ],
    [
      'the same by a faster clock',
      withMonitor('{ intervalMs: 500, timeoutMs: 5001, timeScale: 10 }'),
      /monitor\.timeoutMs: found 5001, allowed: at most 5000, which is intervalMs times timeScale: a sample/,
    ],
    [
      'the same of one that is shorter than any sample',
      withMonitor('{ intervalMs: 100, timeoutMs: 1001 }'),
      /monitor\.timeoutMs: found 1001, allowed: at most 1000, as intervalMs is no more than that: a sample/,
    ],
    [
      'a response that takes longer than any may',
      withMonitor('{ tooSlowMs: 60001 }'),
      /monitor\.tooSlowMs: found 60001, allowed: at most 60000, which is limits\.requestTimeoutMs: no response/,
    ],
    ['looks without a pause', withMonitor('{ down: { intervalMs: 1 } }'), /down\.intervalMs: found 1, allowed: .* from 200 to/],
    [
      'a single look',
      withMonitor('{ down: { looks: 1 } }'),
      /down\.looks: found 1, allowed: a whole number from 2: a single look/,
    ],
    [
      'more votes than there are',
      withMonitor('{ detection: { votesNeeded: 10 } }'),
      /detection\.votesNeeded: found 10, allowed: a whole number from 1 to 9, as many as there are detectors that vote/,
    ],
    [
      'a field that detection does not have',
      withMonitor('{ detection: { ceiling: 1 } }'),
      /detection\.ceiling: unknown field \(docs\/detection\.md lists the known ones\)/,
    ],
    [
      'one that a monitor does not have',
      withMonitor('{ ceiling: 1 }'),
      /monitor\.ceiling: unknown field \(docs\/configuration\.md lists the known ones\)/,
    ],
    [
      'a size without a unit that exists',
      withMonitor('{ memoryLimit: 2 Gib }'),
      /monitor\.memoryLimit: found "2 Gib", allowed: bytes/,
    ],
    [
      'a size in another unit than was meant',
      withMonitor('{ memoryLimit: 2048 }'),
      /memoryLimit: found 2048, allowed: at least 1 MiB/,
    ],
    [
      'a metric twice',
      metric('').replace(/\[(\{ url.*\})\]/, '[$1, $1]'),
      /prometheus\.1\.metric: found "x", allowed: another metric than prometheus\.0, or other values of labels/,
    ],
    ['no memory', withMonitor('{ memoryLimit: 0 }'), /monitor\.memoryLimit: found 0, allowed: bytes/],
  ])('%s', (_what, text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/has a mistake:/);
  });
});

test('what makes sense is accepted', () => {
  expect(monitorOf(metric('limitMetric: y, labels: { area: heap }'))).toMatchObject({
    prometheus: [{ limit: null, limitMetric: 'y' }],
  });
  expect(monitorOf(metric('').replace('/metrics', '/probe?target={host}:8080&of={host}'))).toBeDefined();
  expect(monitorOf(metric('').replace('/metrics', '/of/{machine}'))).toBeDefined();
  expect(monitorOf(metric('').replace('metric: x', 'metric: "job:x_total"'))).toBeDefined();
  const least =
    '{ intervalMs: 5000, timeoutMs: 5000, down: { intervalMs: 200, looks: 2 }, detection: { votesNeeded: 9 }, tooSlowMs: 60000 }';
  expect(monitorOf(withMonitor(least))).toMatchObject({ timeoutMs: 5000, detection: { votesNeeded: 9 } });
});

test('a sample may take ten seconds, or its interval where that is less, but a second at any rate', () => {
  const timeoutOf = (fields: string): unknown => (monitorOf(withMonitor(`{ ${fields} }`)) as { timeoutMs: number }).timeoutMs;
  expect(['', 'intervalMs: 5000', 'intervalMs: 100', 'intervalMs: 300, timeScale: 600'].map(timeoutOf)).toEqual([
    ...[10_000, 5000, 1000, 10_000],
  ]);
});

test.each([
  ['536870912', 2 ** 29],
  ['512 MiB', 2 ** 29],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['"2 GB"', 2e9],
  ['null', null],
])('a size is bytes, or has a unit: %s', (text, bytes) => {
  expect(monitorOf(withMonitor(`{ memoryLimit: ${text} }`))).toMatchObject({ memoryLimit: bytes });
});
