import { expect, test } from 'vitest';
import { startEmbeddedTemporal } from '../../embedded/temporal.js';
import { findTemporalCli } from '../../embedded/temporal-cli.js';
import { processesNaming } from '../fixtures/processes.js';
import { serverDirectory } from '../fixtures/server-directory.js';
import { takePort } from '../fixtures/taken-port.js';

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

test('a port that the caller names and somebody else has is TEMPORAL_NOT_STARTED, and nothing is left running', async () => {
  const directory = await serverDirectory();
  const cli = await findTemporalCli({ signal: AbortSignal.timeout(60_000) });
  const uiPort = await takePort();
  await expect(startEmbeddedTemporal({ cli, directory, uiPort })).rejects.toMatchObject({
    code: 'TEMPORAL_NOT_STARTED',
    message: expect.stringContaining(`Port ${uiPort} is taken`) as string,
  });
  expect(processesNaming(directory)).toEqual([]);
});
