import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../config/load.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = readdirSync(join(ROOT, 'docs/servers')).filter((file) => file.endsWith('.md'));
const SAMPLES = readdirSync(join(ROOT, 'examples/servers'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
  .sort();
/** A sample that is shown whole, between comments that name its file. */
const SHOWN = /<!-- (examples\/servers\/\S+) -->\n\n```\w*\n([^]*?)```\n\n<!-- \/\1 -->/g;

function shown(page: string): { file: string; text: string }[] {
  const text = readFileSync(join(ROOT, 'docs/servers', page), 'utf8');
  return [...text.matchAll(SHOWN)].map(([, file = '', sample = '']) => ({ file, text: sample }));
}

test('the samples that the pages of servers show are those that the tests use', () => {
  for (const { file, text } of PAGES.flatMap(shown)) expect(text, file).toBe(readFileSync(join(ROOT, file), 'utf8'));
});

test('every sample is shown by a page', () => {
  expect(
    PAGES.flatMap(shown)
      .map(({ file }) => file)
      .sort(),
  ).toEqual(SAMPLES);
});

test.each(PAGES.filter((page) => page !== 'README.md'))(
  '%s shows a whole configuration, and the page of all servers names it',
  (page) => {
    expect(shown(page).map(({ file }) => basename(file))).toContain('vm-rejuv.yaml');
    expect(readFileSync(join(ROOT, 'docs/servers/README.md'), 'utf8')).toContain(`](${page})`);
  },
);

const CONFIGURATIONS = SAMPLES.filter((file) => basename(file) === 'vm-rejuv.yaml');

test.each(CONFIGURATIONS)('%s is a configuration', (name) => {
  const file = join(ROOT, name);
  const named = [...readFileSync(file, 'utf8').matchAll(/\{ env: (\w+) \}/g)];
  const secrets = Object.fromEntries(named.map(([, variable = '']) => [variable, 'postgres://u:p@h/d']));
  const env = { ...secrets, VM_REJUV_DATABASE_URL: 'postgres://x/y', VM_REJUV_ADMIN_TOKEN: 't'.repeat(32) };
  expect(Object.keys(loadConfig(file, env).pools)).toEqual(['shop']);
});
