import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd, startReadyChild } from '../../embedded/child-process.js';
import { processesNaming } from '../fixtures/processes.js';
import { serverDirectory } from '../fixtures/server-directory.js';

async function child(script: string, signal?: AbortSignal): ReturnType<typeof startReadyChild> {
  const logFile = join(await serverDirectory(), 'child.log');
  return startReadyChild({ name: 'child', command: ['sh', '-c', script], env: {}, logFile, ...(signal ? { signal } : {}) });
}

test('what a child says of its own failure is thrown as that error', async () => {
  const error = { code: 'PORT_TAKEN', message: 'Port 80 is taken.', remedy: 'Name another.' };
  await expect(child(`echo '${JSON.stringify({ error })}'; exit 2`)).rejects.toMatchObject(error);
});

test('an end before readiness is an error with the end of the log', async () => {
  await expect(child('echo out of luck >&2; exit 3')).rejects.toThrow(/child ended \(3\) before it was ready: out of luck/);
});

test('a command that is not there is an error, not an uncaught exception', async () => {
  const logFile = join(await serverDirectory(), 'child.log');
  const started = startReadyChild({ name: 'child', command: ['/nope'], env: {}, logFile });
  await expect(started).rejects.toThrow('ENOENT');
});

test('an abort before readiness ends the child', async () => {
  const abort = new AbortController();
  const started = child('echo starting; exec sleep 4711', abort.signal);
  await expect.poll(() => processesNaming('sleep 4711').length).toBe(1);
  abort.abort();
  await expect(started).rejects.toThrow('aborted');
  expect(processesNaming('sleep 4711')).toEqual([]);
});

test('a command that is aborted is gone, with whatever it has started', async () => {
  const abort = new AbortController();
  const run = runToEnd('sh', ['-c', 'sleep 4712 & wait'], { timeoutMs: 30_000, signal: abort.signal });
  await expect.poll(() => processesNaming('sleep 4712').length).toBe(2);
  abort.abort();
  await expect(run).rejects.toThrow('aborted');
  await expect.poll(() => processesNaming('sleep 4712')).toEqual([]);
});

test('a command that fails or takes too long says so with its last output', async () => {
  await expect(runToEnd('sh', ['-c', 'echo no luck; exit 7'], { timeoutMs: 30_000 })).rejects.toThrow('sh ended with 7: no luck');
  await expect(runToEnd('sh', ['-c', 'echo waiting; sleep 60'], { timeoutMs: 300 })).rejects.toThrow(
    /longer than 0.3 s: waiting/,
  );
});
