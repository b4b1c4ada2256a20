import { describe, expect, test } from 'vitest';
import { GOOD, load, refusal } from '../fixtures/config-file.js';

const withPolicy = (policy: string): string => GOOD.replace('    health: {', `    policy: ${policy}\n    health: {`);

test('a pool without a policy is not supervised, and an empty one has defaults', () => {
  expect(load(GOOD).pools['shop']?.policy).toBeNull();
  expect(load(withPolicy('{}')).pools['shop']?.policy).toEqual({
    ...{ mode: 'automatic', timeZone: 'UTC', maintenance: [], blackout: [] },
    ...{ cooldownMs: 3_600_000, mostPerDay: 4, maxAgeMs: null, failOver: 'automatic' },
  });
});

test('a window without days is open every day', () => {
  const policy = load(withPolicy('{ maintenance: [{ from: "02:00", to: "05:00" }] }')).pools['shop']?.policy;

  expect(policy?.maintenance).toEqual([{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '02:00', to: '05:00' }]);
});

test('days alone are whole days, and a window may end with its day', () => {
  const policy = load(withPolicy('{ blackout: [{ days: [mon, tue] }, { from: "22:00", to: "24:00" }] }')).pools['shop']?.policy;

  expect(policy?.blackout).toEqual([
    { days: ['mon', 'tue'], from: '00:00', to: '24:00' },
    { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '22:00', to: '24:00' },
  ]);
});

describe('a policy cannot have', () => {
  test.each([
    ['a mode that is none', '{ mode: manual }', /policy\.mode: found "manual", allowed: .*"automatic", "approval"/],
    ['a time zone that is none', '{ timeZone: Berlin }', /policy\.timeZone: found "Berlin", allowed: .*Europe\/Berlin/],
    ['a time that is none', '{ blackout: [{ from: "24:30", to: "05:00" }] }', /policy\.blackout\.0\.from.*allowed: .*"02:30"/],
    [
      'a day that is none',
      '{ blackout: [{ since: "2026-02-30", until: "2026-03-01" }] }',
      /policy\.blackout\.0.*allowed: .*"2026-12-24"/,
    ],
    [
      'a window without an end',
      '{ maintenance: [{ days: [sat], from: "02:00" }] }',
      /policy\.maintenance\.0\.to: found nothing, allowed: a time of the day/,
    ],
    [
      'a field of a window that is misspelt',
      '{ maintenance: [{ from: "02:00", too: "05:00" }] }',
      /policy\.maintenance\.0\.too: unknown field; did you mean "to"\?/,
    ],
    [
      'a day that no week has',
      '{ maintenance: [{ days: [sat, sum], from: "02:00", to: "05:00" }] }',
      /policy\.maintenance\.0\.days\.1: found "sum", allowed: one of "mon"/,
    ],
    [
      'no list of days',
      '{ maintenance: [{ days: sat, from: "02:00", to: "05:00" }] }',
      /policy\.maintenance\.0\.days: found "sat", allowed: a list of at least one of mon, tue/,
    ],
    [
      'a window of two forms',
      '{ blackout: [{ since: "2026-12-24", to: "02:00" }] }',
      /policy\.blackout\.0: found a mapping, allowed: \{ days: .* or \{ since: /,
    ],
    [
      'a window of no length',
      '{ maintenance: [{ from: "00:00", to: "00:00" }] }',
      /policy\.maintenance\.0\.to: found "00:00", allowed: another time than from, such as "24:00"; for whole days leave both out/,
    ],
    [
      'a window that begins when its day is over',
      '{ blackout: [{ from: "24:00", to: "05:00" }] }',
      /policy\.blackout\.0\.from: found "24:00", allowed: a time of the day, such as "02:30"$/m,
    ],
    [
      'an end after the end of a day',
      '{ blackout: [{ days: [mon], from: "08:00", to: "24:30" }] }',
      /policy\.blackout\.0\.to: found "24:30", allowed: a time of the day, such as "02:30", or "24:00"/,
    ],
    ['a window of nothing', '{ blackout: [{}] }', /policy\.blackout\.0.*allowed: .*without times: whole days/],
    ['a window of no day', '{ blackout: [{ days: [] }] }', /policy\.blackout\.0\.days/],
    ['days in the wrong order', '{ blackout: [{ since: "2026-03-02", until: "2026-03-01" }] }', /policy\.blackout\.0.*allowed: /],
    [
      'a window without its end',
      '{ maintenance: [{ from: "02:00" }] }',
      /policy\.maintenance\.0\.to: found nothing, allowed: a time/,
    ],
    [
      'a window of days that are none',
      '{ maintenance: [{ days: [so], from: "02:00", to: "05:00" }] }',
      /policy\.maintenance\.0\.days\.0: found "so"/,
    ],
    [
      'a misspelt part',
      '{ maintenance: [{ from: "02:00", til: "05:00" }] }',
      /policy\.maintenance\.0\.til: unknown field; did you mean "to"/,
    ],
    [
      'dates without their end',
      '{ blackout: [{ since: "2026-03-01" }] }',
      /policy\.blackout\.0\.until: found nothing, allowed: a day/,
    ],
    [
      'both kinds in one',
      '{ blackout: [{ since: "2026-03-01", until: "2026-03-02", from: "02:00" }] }',
      /policy\.blackout\.0\.from: unknown field/,
    ],
    ['a window that is a word', '{ maintenance: [nights] }', /policy\.maintenance\.0: found "nights", allowed: \{ days:/],
    ['no restart a day', '{ mostPerDay: 0 }', /policy\.mostPerDay: found 0, allowed: at least 1/],
  ])('%s', (_what, policy, expected) => {
    expect(refusal(withPolicy(policy)).message).toMatch(expected);
  });
});
