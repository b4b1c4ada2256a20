import { expect, test } from 'vitest';
import { normalisedId, ROUTE_MARKERS } from '../../config/route-marker.js';

test.each([
  ['suffix-dot', 'AB12.tomcat-a', 'AB12.node.two', 'AB12'],
  ['suffix-bang', 'AB12!-17!80', 'AB12!80!NONE', 'AB12'],
  ['clone-ids', '0001AB12:nodeA', '0002AB12:nodeA:nodeB', 'AB12'],
  ['none', 'AB.1!2:3', 'AB.1!2:3', 'AB.1!2:3'],
] as const)('%s: one session has one id, whichever machine has added to it', (marker, onOne, onOther, id) => {
  for (const value of [onOne, onOther, `"${onOne}"`]) expect(normalisedId(value, marker)).toBe(id);
});

test.each(ROUTE_MARKERS)('%s: nothing and two lone quotes are no id', (marker) => {
  expect(normalisedId('', marker)).toBe('');
  expect(normalisedId('""', marker)).toBe('');
});
