import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { missingForTomcat } from '../../embedded/tomcat-kit.js';
import { serverDirectory } from '../fixtures/server-directory.js';

test('a Java runtime without a compiler is told apart from a JDK', async () => {
  const directory = await serverDirectory();
  const path = process.env['PATH'];
  onTestFinished(() => void (process.env['PATH'] = path));
  const install = (command: string, exitCode: number): Promise<void> =>
    writeFile(join(directory, command), `#!/bin/sh\nexit ${exitCode}\n`, { mode: 0o755 });
  process.env['PATH'] = directory;
  for (const command of ['java', 'javac', 'mvn']) await install(command, 0);
  expect(await missingForTomcat()).toBeNull();
  await install('javac', 127);
  expect(await missingForTomcat()).toBe('javac');
});
