// npm run test:servers [-- --server NAME] [--publish]: the conformance suite of application servers, and what it has measured.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(root, 'docs/servers/README.md');
const servers = readdirSync(join(root, 'test/servers'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.test.ts'.length))
  .sort();

// What is not this command's own is vitest's, such as --reporter.
const { values, tokens } = parseArgs({
  options: { server: { type: 'string', multiple: true }, publish: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  strict: false,
  tokens: true,
});
const OWN = new Set(['server', 'publish', 'help']);
const forVitest = tokens
  .filter((token) => token.kind === 'option' && !OWN.has(token.name))
  .map((token) => (token.value === undefined ? token.rawName : `${token.rawName}=${token.value}`));

if (values.help) {
  console.log(`npm run test:servers -- [--server NAME]... [--publish]\n\nServers: ${servers.join(', ')}\n`);
  console.log('--publish writes what was measured into docs/servers/README.md. Other options are those of vitest run.');
  process.exit(0);
}
const wanted = values.server ?? servers;
for (const name of wanted) {
  if (servers.includes(name)) continue;
  console.error(`--server: found ${String(name)}, allowed: ${servers.join(', ')}`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'vm-rejuv-servers-'));
const files = wanted.map((name) => `test/servers/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...files, ...forVitest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, VM_REJUV_SERVERS: '1', VM_REJUV_SERVER_FIGURES: directory },
});
const rows = readdirSync(directory).map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')));
rmSync(directory, { recursive: true });
if (rows.length > 0) console.error(`\n${table(rows)}`);
if (values.publish && status === 0) write(table(rows));
process.exit(status ?? 1);

function table(measured) {
  const columns = [
    ['server', ({ server }) => server],
    ['mechanism', ({ mechanism }) => mechanism],
    ['restarts', ({ restarts }) => restarts],
    ['requests', ({ requests }) => requests],
    ['failed', ({ failed }) => failed],
    ['sessions lost', ({ sessionsLost }) => sessionsLost],
    ['updates lost', ({ updatesLost }) => updatesLost],
    ['moved', ({ sessionsMoved }) => sessionsMoved],
    ['sessions/s', ({ sessionsPerSecond }) => sessionsPerSecond],
    ['longest hold', ({ longestHoldMs }) => `${longestHoldMs} ms`],
    ['longest wait', ({ longestWaitMs }) => `${longestWaitMs} ms`],
    ['MiB fresh', ({ freshMiB }) => freshMiB],
    ['MiB restarted', ({ restartedMiB }) => restartedMiB],
  ];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const sorted = [...measured].sort((a, b) => a.server.localeCompare(b.server));
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(() => '---')),
    ...sorted.map((row) => line(columns.map(([, of]) => of(row)))),
  ].join('\n');
}

/** A part of the servers replaces their rows only. */
function write(text) {
  const page = readFileSync(PAGE, 'utf8');
  const marks = /<!-- test:servers -->[^]*<!-- \/test:servers -->/;
  const before = marks.exec(page)?.[0];
  if (before === undefined) throw new Error(`${PAGE} has no place for test:servers.`);
  const [head, rule, ...fresh] = text.split('\n');
  const nameOf = (row) => row.split('|')[1]?.trim();
  const kept = before.split('\n').filter((row) => row.startsWith('| ') && servers.includes(nameOf(row)));
  const rows = [...kept.filter((row) => !fresh.some((one) => nameOf(one) === nameOf(row))), ...fresh].sort();
  writeFileSync(
    PAGE,
    page.replace(marks, () => ['<!-- test:servers -->', '', head, rule, ...rows, '', '<!-- /test:servers -->'].join('\n')),
  );
}
