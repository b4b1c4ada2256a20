import { expect, test } from 'vitest';
import { compareBoots } from '../../monitor/boot-sight.js';

test.each([
  ['a process that goes on', '12@34', '12@34', 'same'],
  ['a process that was started anew', '12@34', '56@78', 'another'],
  ['a guest that misses a question', '7/abc', '7/?', 'same'],
  ['a guest that answers again', '7/?', '7/abc', 'told'],
  ['a guest that has rebooted', '7/abc', '7/def', 'another'],
  ['a guest that has moved to another host', '7/abc', '9/abc', 'same'],
  ['a hypervisor that does not tell', '7/abc', null, 'same'],
  ['a hypervisor that tells at last', null, '7/abc', 'told'],
] as const)('%s', (_what, before, now, sight) => {
  expect(compareBoots(before, now)).toBe(sight);
});
