import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = [
  'activities',
  'aging',
  'cli',
  'config',
  'demo',
  'embedded',
  'guests',
  'monitor',
  'proxy',
  'state',
  'worker',
  'workflows',
];
/** Where a code is given: to an error, to a failure of a workflow, or to an answer. */
const GIVEN = [
  /new (?:OperatorError|ProxyError|RestartFailure)\(\s*(?:[\w.]+ \?\? )?'([A-Z_]+)'/g,
  /\.nonRetryable\([^']*'([A-Z_]+)'/g,
  /\bcode: '([A-Z_]+)'/g,
];

function codesInSources(): string[] {
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(ROOT, folder, file), 'utf8')),
  );
  return sources.flatMap((text) => GIVEN.flatMap((pattern) => [...text.matchAll(pattern)].map(([, code]) => code ?? '')));
}

/** The first column of the table. */
function codesInDocumentation(): string[] {
  const rows = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').split('\n');
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code ?? ''));
}

test('every code that is given is documented, and every documented one is given', () => {
  const documented = codesInDocumentation().sort();
  expect(documented).toEqual([...new Set(documented)]);
  expect(documented).toEqual([...new Set(codesInSources())].sort());
});
