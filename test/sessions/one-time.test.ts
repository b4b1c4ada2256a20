import { expect, test } from 'vitest';
import { mustHaveOneTime } from '../../activities/sessions/servers/one-time.js';

const told = (apartMs: number): (() => void) => {
  return () => mustHaveOneTime({ name: 'a' }, { name: 'b' }, apartMs);
};

test('clocks that are further apart than sessions can bear are refused, with how far', () => {
  expect(told(5000)).not.toThrow();
  expect(told(0)).not.toThrow();
  expect(told(61_400)).toThrow(/clocks of machines a and b are 61 s apart: sessions/);
});

test('what nobody can tell is no time in common', () => {
  expect(told(NaN)).toThrow(/clocks of machines a and b are nobody knows how far apart/);
});
