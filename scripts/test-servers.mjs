// npm run test:servers [-- --server NAME] [--publish]: the conformance suite of application servers, and what it has measured.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const PAGES = join(root, 'docs/servers');
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
  console.log('--publish writes what was measured into docs/servers. Other options are those of vitest run.');
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
const measured = readdirSync(directory).map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')));
rmSync(directory, { recursive: true });
const ofServers = measured.filter(({ server }) => server !== undefined).map(titled);
const tables = [{ page: 'README.md', rows: ofServers }, ...measured.filter(({ page }) => page !== undefined)];
for (const { page, rows } of tables.filter((each) => each.rows.length > 0)) {
  const [head, rule, ...lines] = table(rows);
  console.error(['', `${page}:`, head, rule, ...lines].join('\n'));
  if (values.publish && status === 0) write(join(PAGES, page), head, rule, lines);
}
process.exit(status ?? 1);

/** As the table of all servers has them. */
function titled(figures) {
  return {
    server: figures.server,
    mechanism: figures.mechanism,
    restarts: figures.restarts,
    requests: figures.requests,
    failed: figures.failed,
    'sessions lost': figures.sessionsLost,
    'updates lost': figures.updatesLost,
    moved: figures.sessionsMoved,
    'sessions/s': figures.sessionsPerSecond,
    'longest hold': `${figures.longestHoldMs} ms`,
    'longest wait': `${figures.longestWaitMs} ms`,
    'MiB fresh': figures.freshMiB,
    'MiB restarted': figures.restartedMiB,
  };
}

function table(rows) {
  const titles = Object.keys(rows[0]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map((row) => line(titles.map((title) => row[title]))).sort()];
}

/** A part of the servers replaces their rows only. */
function write(file, head, rule, fresh) {
  const page = readFileSync(file, 'utf8');
  const marks = /<!-- test:servers -->[^]*<!-- \/test:servers -->/;
  const before = marks.exec(page)?.[0];
  if (before === undefined) throw new Error(`${file} has no place for test:servers.`);
  const nameOf = (row) => row.split('|')[1]?.trim();
  const kept = before.split('\n').filter((row) => row.startsWith('| ') && servers.includes(nameOf(row)));
  const rows = [...kept.filter((row) => !fresh.some((one) => nameOf(one) === nameOf(row))), ...fresh].sort();
  writeFileSync(
    file,
    page.replace(marks, () => ['<!-- test:servers -->', '', head, rule, ...rows, '', '<!-- /test:servers -->'].join('\n')),
  );
}
