import { expect, test } from 'vitest';
import type { Judgement, Wanted } from '../../policy/may-restart.js';
import { AT_REST } from '../../workflows/supervision.js';
import { describeSupervision } from '../../workflows/supervision-details.js';

const wanted = (by: Wanted['by']): Wanted => ({ by, reason: null, force: false, isApproved: false, sinceMs: 0 });
const ask: Judgement = { verdict: 'ask', code: 'FLAPPING', text: 'Somebody has to say.', untilMs: null };

test.each<[Wanted['by'], string]>([
  ['down', 'a fail-over: Somebody'],
  ['aging', 'a restart: Somebody'],
])('what waits for an operator is called by its name: %s', (by, expected) => {
  const details = describeSupervision('shop', { ...AT_REST, wanted: wanted(by), judgement: ask });

  expect(details).toContain(`**Waits for you**, ${expected.replace(/^a /, 'the ')}`);
});

test('what was refused last, and what is wrong, stand in the details, and nothing of them where there is none', () => {
  const lastRefusal = { atMs: 0, what: 'serverDown', reason: 'no answer', code: 'NO_FAIL_OVER', text: 'Policy has none.' };
  const anomalies = [{ about: 'sampler jmx', evidence: 'sampler jmx fails', sinceMs: 60_000 }];

  const details = describeSupervision('shop', { ...AT_REST, lastRefusal, anomalies });

  expect(details).toContain('**Last refused** 1970-01-01T00:00:00.000Z: serverDown (no answer): NO_FAIL_OVER. Policy has none.');
  expect(details).toContain('**Something is wrong** since 1970-01-01T00:01:00.000Z: sampler jmx fails');
  expect(describeSupervision('shop', { ...AT_REST, isFailOverDeclined: true })).toContain('The last fail-over was rejected');
  expect(describeSupervision('shop', AT_REST)).not.toMatch(/refused|wrong|rejected/);
});
