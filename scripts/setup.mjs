// Makes a clone ready to run: packages and build, each only when something changed. Plain Node: nothing is installed yet.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = [
  'workflows',
  'activities',
  'aging',
  'monitor',
  'worker',
  'proxy',
  'state',
  'policy',
  'cli',
  'config',
  'demo',
  'bench',
  'chaos',
  'embedded',
  'guests',
  'test',
];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: vm-rejuv needs Node 20.19 or newer. Install it from https://nodejs.org.`);
}

const installed = join(root, 'node_modules', '.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs) {
  // .npmrc keeps npm silent; what goes wrong here must be seen.
  run('Installing npm packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

const stamp = join(root, 'dist', '.sources');
const current = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== current) {
  removeOrphans();
  run('Compiling TypeScript', 'npm', ['run', 'build']);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, current);
}

function run(what, command, args) {
  const started = Date.now();
  console.error(`${what} ...`);
  // The child's standard output would end up in front of our caller's JSON.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) fail(`${what} failed (${command} ${args.join(' ')}). Read the lines above.`);
  console.error(`${what}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'tsconfig.json']) hash.update(readFileSync(join(root, file)));
  for (const folder of SOURCES.filter((name) => existsSync(join(root, name)))) {
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|sql)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** The compiler leaves the output of sources behind that are gone, where tests and packages would find it. */
function removeOrphans() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const source = join(root, entry.parentPath.slice(dist.length), entry.name.replace(/\.js(\.map)?$/, '.ts'));
    const isCompiled = entry.parentPath !== dist && /\.js(\.map)?$/.test(entry.name);
    if (isCompiled && !existsSync(source)) rmSync(join(entry.parentPath, entry.name));
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
