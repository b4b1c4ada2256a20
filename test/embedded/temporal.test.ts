import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedTemporal } from '../../embedded/temporal.js';
import { findTemporalCli } from '../../embedded/temporal-cli.js';
import { processesNaming } from '../fixtures/processes.js';
import { serverDirectory } from '../fixtures/server-directory.js';

test('a command that cannot be started is TEMPORAL_NOT_STARTED', async () => {
  const directory = await serverDirectory();
  await expect(startEmbeddedTemporal({ cli: '/nope', directory })).rejects.toMatchObject({
    code: 'TEMPORAL_NOT_STARTED',
    message: expect.stringContaining('ENOENT') as string,
    remedy: expect.stringContaining('TEMPORAL_CLI') as string,
  });
});

test('a command that ends at once is TEMPORAL_NOT_STARTED, and says with what', async () => {
  const directory = await serverDirectory();
  await expect(startEmbeddedTemporal({ cli: '/bin/false', directory })).rejects.toMatchObject({
    code: 'TEMPORAL_NOT_STARTED',
    message: expect.stringContaining('ended with 1') as string,
  });
});

test('one whose starter did not live to end it is ended before the next one starts, and gives its ports back', async () => {
  const directory = await serverDirectory();
  const cli = await findTemporalCli({ signal: AbortSignal.timeout(60_000) });
  const first = await startEmbeddedTemporal({ cli, directory });
  onTestFinished(() => first.stop());

  const second = await startEmbeddedTemporal({ cli, directory, ports: [first.port], uiPorts: [first.uiPort] });
  onTestFinished(() => second.stop());

  expect([second.port, second.uiPort]).toEqual([first.port, first.uiPort]);
  expect(processesNaming(directory)).toEqual([second.pid]);
});
