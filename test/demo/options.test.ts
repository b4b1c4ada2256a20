import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { takePort } from '../fixtures/taken-port.js';

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function run(script: string, ...args: string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`../../dist/${script}.js`, import.meta.url));
  return new Promise((resolve) => {
    // Whatever starts although it should refuse ends with this.
    execFile(process.execPath, [file, ...args], { timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('a port that is taken is refused by its option before anything is started', async () => {
  const port = await takePort();
  const { code, stdout, stderr } = await run('demo/main', '--app', 'node', '--port', String(port));
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(new RegExp(`^PORT_TAKEN: --port: port ${port} .*\\n$`));
});

test.each([
  ['demo/main', '--users', 'many'],
  ['demo/main', '--app', 'php'],
  ['demo/main', '--nothing'],
  ['demo/main', '--machines', 'docker'],
  ['demo/main', '--port', '8080', '--machines', 'libvirt'],
  ['guests/main', '--only', 'php'],
  ['guests/main', '--nothing'],
  ['bench/restart', '--idle', ''],
  ['bench/restart', '--store', 'tape'],
  ['bench/proxy', '--rounds', '0'],
  ['bench/detection', '--runs', '1'],
  ['bench/detection', '--seed', 'x'],
])('a bad option is refused: %s %s %s', async (script, ...args) => {
  const { code, stdout, stderr } = await run(script, ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(args[0]);
});

test.each(['demo/main', 'bench/restart', 'bench/proxy', 'bench/detection'])('help is no refusal: %s', async (script) => {
  expect(await run(script, '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: npm run') as string });
});
