import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SessionFiles } from '../../activities/sessions/session-files.js';
import type { MachineConfig } from '../../config/types.js';

test('a session directory that is not there is refused and not made; that of a context is made in one that is', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vm-rejuv-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const files = (name: string): SessionFiles =>
    new SessionFiles({ name, sessionDirectory: join(directory, name) } as MachineConfig, '/shop');
  await mkdir(join(directory, 'a'));

  await expect(files('a').mustReach(files('misspelt/b'))).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: `There is no session directory ${join(directory, 'misspelt/b')} of machine misspelt/b where the worker runs.`,
  });
  expect(existsSync(join(directory, 'misspelt'))).toBe(false);
  // A fail-over goes on.
  await files('failed/over').makeRoom();
  await files('a').mustReach(files('failed/over'));

  await mkdir(join(directory, 'b'));
  await files('a').mustReach(files('b'));
  expect(existsSync(join(directory, 'b/shop'))).toBe(true);
});
