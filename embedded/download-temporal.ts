// node download-temporal.js DIRECTORY: lets Temporal's SDK download its development server into a directory. The SDK does so only
// by starting it once; in a process of its own it can be ended when nothing answers.

import { TestWorkflowEnvironment } from '@temporalio/testing';

const [, , downloadDir] = process.argv;
if (downloadDir === undefined) throw new Error('Name the directory to download into.');
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
} catch (error) {
  // Its last line is shown.
  console.error(error instanceof Error ? error.message.replaceAll('\n', ' ') : error);
  process.exitCode = 1;
}
