import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const DOCS = new URL('../../docs/', import.meta.url);

test('every picture of the control room is shown, every one that is shown is there, and the test in a browser takes it', () => {
  const there = readdirSync(new URL('pictures/', DOCS)).sort();
  const document = readFileSync(new URL('temporal-ui.md', DOCS), 'utf8');
  const taking = readFileSync(new URL('../browser/control-room.test.ts', import.meta.url), 'utf8');
  const shown = [...document.matchAll(/\]\(pictures\/([^)]+)\)/g)].map(([, file]) => file ?? '');
  const taken = [...taking.matchAll(/\.picture\('([\w-]+)'/g)].map(([, name]) => `${name ?? ''}.png`);

  expect(shown.sort()).toEqual(there);
  expect(taken.sort()).toEqual(there);
});
