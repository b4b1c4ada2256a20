import { expect, test } from 'vitest';
import { hasBooted, incarnationOf, isTold } from '../../activities/hypervisor/incarnation.js';

test.each([
  ['another boot id', '5/a', '5/b', true],
  ['the same boot, saved and restored or on another host', '5/a', '7/a', false],
  ['nothing', '5/a', '5/a', false],
  ['another instance that does not tell yet', '5/a', '6/?', true],
  ['the same instance that does not tell any more', '5/a', '5/?', null],
  ['the same instance that tells now', '5/?', '5/a', null],
  ['the same instance that has never told', '5/?', '5/?', null],
  ['another domain, where only that counts', '5', '6', true],
  ['the same domain, where only that counts', '5', '5', false],
  ['another way of telling', '5', '5/a', null],
  ['another process', '17@200', '18@300', true],
])('whether a machine has booted: %s', (_what, before, now, booted) => {
  expect(hasBooted(before, now)).toBe(booted);
});

test('a boot id that is not told is no boot id', () => {
  expect([incarnationOf('5', 'a'), incarnationOf('5', null), incarnationOf('5')].map(isTold)).toEqual([true, false, false]);
});
