import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { CLI } from '../fixtures/vm-rejuv.js';

test('what a demo that stays up publishes is all that a shell needs to explore it, and for its own account only', async () => {
  const { installation } = await createTestInstallation(nodeShop);

  const file = await installation.publish();

  const script = `set -a; . '${file}'; set +a; exec "$0" "$1" status --json`;
  // From elsewhere, and with nothing of this process's environment that could stand in for the file.
  const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, CLI], {
    cwd: '/',
    env: { PATH: process.env['PATH'] },
  });
  expect(JSON.parse(stdout)).toMatchObject({ pool: installation.pool.name, temporal: 'ok' });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
