// npm run figures [-- MARKER]: measures, and writes what was measured between the markers of the documentation.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FIGURES = [
  { file: 'README.md', marker: 'demo', script: 'demo/main.js', from: '                             plain restart' },
  { file: 'docs/servers/tomcat.md', marker: 'bench:restart', script: 'bench/restart.js', from: 'idle sessions' },
  { file: 'docs/architecture.md', marker: 'bench:proxy', script: 'bench/proxy.js', from: '   ' },
  { file: 'docs/detection.md', marker: 'bench:detection', script: 'bench/detection.js', from: 'false alarms' },
];

const [, , only] = process.argv;
for (const { file, marker, script, from } of FIGURES.filter((figure) => only === undefined || figure.marker === only)) {
  const output = execFileSync(process.execPath, [`${root}dist/${script}`], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const figures = output
    .slice(output.indexOf(from))
    .split(/\n\s*Ending what was started/)[0]
    .trimEnd();
  const path = `${root}${file}`;
  const block = `<!-- ${marker} -->\n\n\`\`\`\n${figures}\n\`\`\`\n\n<!-- /${marker} -->`;
  const text = readFileSync(path, 'utf8');
  const replaced = text.replace(new RegExp(`<!-- ${marker} -->[^]*<!-- /${marker} -->`), () => block);
  if (replaced === text && !text.includes(block)) throw new Error(`${file} has no place for ${marker}.`);
  writeFileSync(path, replaced);
  console.error(`${file}: ${marker} written`);
}
