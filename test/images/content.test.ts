import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMPILED, PACKAGES } from '../../guests/content.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

interface Needs {
  folders: Set<string>;
  packages: Set<string>;
}

/** What a compiled file loads when it starts, and what that loads. */
function needsOf(entries: readonly string[]): Needs {
  const needs: Needs = { folders: new Set(), packages: new Set() };
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    needs.folders.add(relative(DIST, file).split('/')[0] ?? '');
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?:[^'"]*? from )?'([^']+)'/gm)) {
      if (name.startsWith('.')) visit(join(dirname(file), name));
      else if (!name.startsWith('node:')) needs.packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  };
  for (const entry of entries) visit(join(DIST, entry));
  return needs;
}

test('the image of a proxy holds whatever its command loads', () => {
  const { folders, packages } = needsOf(['cli/main.js', 'cli/proxy.js']);

  expect([...folders].filter((name) => !(COMPILED.proxy as readonly string[]).includes(name))).toEqual([]);
  expect([...packages].filter((name) => !(PACKAGES.proxy as readonly string[]).includes(name))).toEqual([]);
  // The walk itself gets somewhere.
  expect(packages).toContain('zod');
  expect(folders).toContain('state');
});
