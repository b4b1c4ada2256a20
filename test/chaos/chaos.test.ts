import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { FaultRun } from '../../chaos/run-fault.js';

const MAIN = fileURLToPath(new URL('../../dist/chaos/main.js', import.meta.url));

async function chaos(...options: string[]): Promise<FaultRun[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...options, '--json'], { maxBuffer: 2 ** 24 });
  return (JSON.parse(stdout) as { runs: FaultRun[] }).runs;
}

test('what is killed when sessions have moved, and nobody knows it yet, fails no request and loses nothing', async () => {
  const faults = ['worker-killed', 'temporal-killed'];
  const runs = await chaos('--app', 'node', '--fault', ...faults, '--step', 'migrateSessions', '--point', 'after');
  const clean = { reached: true, outcome: 'finished', wrong: [], goOnMs: expect.any(Number) as number };
  expect(runs).toMatchObject(faults.map((fault) => ({ fault, ...clean, seen: { failed: 0, sessionsLost: 0, updatesLost: 0 } })));
}, 180_000);
