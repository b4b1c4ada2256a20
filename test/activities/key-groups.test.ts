import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchGroups, groupKeys } from '../../activities/key-groups.js';

test('keys seen together are one group, over others too', () => {
  expect(
    groupKeys(
      ['a', 'b', 'c', 'd'],
      [
        ['a', 'b'],
        ['b', 'c'],
        ['x', 'd'],
      ],
    ),
  ).toEqual([['a', 'b', 'c'], ['d']]);
});

test('a key that has moved already does not hold its companions back', () => {
  expect(groupKeys(['b'], [['a', 'b']])).toEqual([['b']]);
});

test('every key is in one batch once, with all of its group, and batches keep to their size', () => {
  const key = fc.constantFrom(...'abcdefghijklm');
  fc.assert(
    fc.property(
      fc.uniqueArray(key),
      fc.array(fc.array(key, { maxLength: 4 })),
      fc.integer({ min: 1, max: 6 }),
      (keys, together, size) => {
        const batches = batchGroups(groupKeys(keys, together), size);
        expect(batches.flat(2).sort()).toEqual([...keys].sort());
        for (const seen of together) {
          const present = seen.filter((each) => keys.includes(each));
          const homes = new Set(present.map((each) => batches.findIndex((batch) => batch.flat().includes(each))));
          expect(homes.size).toBeLessThanOrEqual(1);
        }
        for (const batch of batches) expect(batch.length === 1 || batch.flat().length <= size).toBe(true);
      },
    ),
  );
});
