import { expect, test } from 'vitest';
import { exampleFile } from '../../embedded/examples.js';

test('a value takes the place of the one of the sample, as it is', () => {
  expect(exampleFile('node/shop.env', { '10.0.0.11': "$& and $' " })).toContain("HOST=$& and $' \n");
});

test('a sample without the value that is to be replaced is refused', () => {
  expect(() => exampleFile('node/shop.env', { '10.0.0.99': '127.0.0.1' })).toThrow(
    "The example's node/shop.env has no 10.0.0.99.",
  );
});
