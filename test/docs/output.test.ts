import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { startTestProxy } from '../fixtures/proxy.js';
import { jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

const DOCUMENT = readFileSync(new URL('../../docs/output.md', import.meta.url), 'utf8');

/** The rows of the table whose first heading is this one, as cells. */
function tableOf(heading: string): string[][] {
  const rows = DOCUMENT.split('\n');
  const first = rows.findIndex((row) => row.startsWith(`| ${heading} |`)) + 2;
  const end = rows.findIndex((row, index) => index > first && !row.startsWith('|'));
  return rows.slice(first, end === -1 ? undefined : end).map((row) => row.split('|').slice(1, -1));
}

function fieldsOf(command: string): string[] {
  return tableOf(`\`${command}\``).flatMap(([fields = '']) => [...fields.matchAll(/`([^`]+)`/g)].map(([, field]) => field ?? ''));
}

/** Every field that a printed line has, down to plain values, as the documentation spells them. */
function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length > 0 ? value.flatMap((item) => pathsIn(item, `${path}[]`)) : [path];
  if (typeof value !== 'object' || value === null) return [path.replace(/\[\]$/, '')];
  return Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, path === '' ? key : `${path}.${key}`));
}

function undocumented(command: string, lines: unknown[]): string[] {
  const documented = fieldsOf(command);
  // Where there is nothing to tell of it, the whole of a field is null or empty.
  const isDocumented = (path: string): boolean =>
    documented.some(
      (field) =>
        field === path ||
        (/^[.[]/.test(field.slice(path.length)) && field.startsWith(path)) ||
        (field.endsWith('.*') && path.startsWith(field.slice(0, -1))),
    );
  return [...new Set(pathsIn(lines, '').map((path) => path.replace(/^\[\]\.?/, '')))].filter((path) => !isDocumented(path));
}

test('every metric of a proxy is documented with its type, and every documented one is there', async () => {
  const { proxy } = await startTestProxy((_request, response) => response.end());
  const scraped = await (await fetch(`${proxy.adminUrl}/metrics`)).text();

  const types = [...scraped.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
  expect(types).not.toEqual([]);
  expect(tableOf('metric').map(([name = '', type = '']) => [name.replace(/[` ]/g, ''), type.trim()])).toEqual(types);
});

test('every field that commands print is documented, and status prints every documented one', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  const printed = async (...words: string[]): Promise<Record<string, unknown>[]> =>
    jsonLines(await vmRejuv(installation, [...words, '--json']));
  expect(undocumented('boot', await printed('boot'))).toEqual([]);
  expect(undocumented('boot', [{ pool: name, invented: 1 }])).toEqual(['invented']);
  const recording = `${installation.configFile}.csv`;
  const rows = Array.from({ length: 240 }, (_, minute) => `${minute * 60_000},threads,${20 + minute / 3},100`);
  await writeFile(recording, ['at,series,value,limit', '0,boot,1,', ...rows].join('\n'));
  expect(undocumented('replay-samples', await printed('replay-samples', recording))).toEqual([]);
  // Without proxy and worker there is something to fail, and something that cannot be checked.
  expect(undocumented('check', await printed('check'))).toEqual([]);
  await installation.startProxy();
  await installation.startWorker();
  expect(undocumented('rejuvenate', await printed('rejuvenate', name, '--watch'))).toEqual([]);
  expect(undocumented('history', await printed('history', name))).toEqual([]);
  const [status = {}] = await printed('status');
  expect(undocumented('status', [status])).toEqual([]);
  expect([...new Set(fieldsOf('status').map((field) => /^\w+/.exec(field)?.[0]))].sort()).toEqual(Object.keys(status).sort());
  expect(undocumented('error', await printed('status', 'nobody'))).toEqual([]);
});
