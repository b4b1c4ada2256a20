import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { FaultRun } from '../../chaos/run-fault.js';

const MAIN = fileURLToPath(new URL('../../dist/chaos/main.js', import.meta.url));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Ends with the test, so that what is too slow leaves no servers behind. */
function chaos(...options: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...options, '--json'], { maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
    onTestFinished(() => void child.kill('SIGTERM'));
  });
}

test('what is killed when sessions have moved, and nobody knows it yet, fails no request and loses nothing', async () => {
  const faults = ['worker-killed', 'temporal-killed'];
  const ended = await chaos('--app', 'node', '--fault', ...faults, '--step', 'migrateSessions', '--point', 'after');
  // The reason is on standard output where there were runs, else on standard error.
  expect(ended.code, ended.stdout || ended.stderr).toBe(0);
  const clean = { reached: true, outcome: 'finished', wrong: [], goOnMs: expect.any(Number) as number };
  const { runs } = JSON.parse(ended.stdout) as { runs: FaultRun[] };
  expect(runs).toMatchObject(faults.map((fault) => ({ fault, ...clean, seen: { failed: 0, sessionsLost: 0, updatesLost: 0 } })));
});

test.each([
  ['a moment that a fault does not have', ['--fault', 'proxy-paused', '--point', 'after'], 'proxy-paused'],
  ['one of some', ['--fault', 'worker-killed', 'proxy-paused', '--step', 'bootStandby'], 'proxy-paused'],
  ['an application that a fault is not for', ['--app', 'node', '--fault', 'postgres-killed'], 'postgres-killed'],
  ['an unknown fault', ['--fault', 'none-such'], 'none-such'],
])('%s is refused', async (_what, options, named) => {
  const { code, stdout, stderr } = await chaos(...options);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(named);
});
