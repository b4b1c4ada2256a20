import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of who refuses, or of the fail-over itself, not of what the supervisor answers. */
const ELSEWHERE = new Set(['UPDATE_REFUSED', 'ACTIVE_RECOVERED']);

test('every answer of a supervisor is documented, and every documented one is given', () => {
  const policy = readdirSync(join(ROOT, 'policy')).map((file) => `policy/${file}`);
  const desk = ['wishes', 'supervisor-desk', 'supervisor-signals', 'supervisor-updates', 'supervise-pool'];
  const sources = [...policy, ...desk.map((name) => `workflows/${name}.ts`)];
  const given = sources.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, code]) => code ?? ''),
  );
  const [, table = ''] = readFileSync(join(ROOT, 'docs/supervision.md'), 'utf8').split('## What it answers');
  const documented = [...table.matchAll(/^\|(.*?)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code ?? ''),
  );

  expect(documented.sort()).toEqual([...new Set(given)].filter((code) => !ELSEWHERE.has(code)).sort());
});
