import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { STEPS } from '../../workflows/steps.js';
import { runNpm } from '../fixtures/run-npm.js';

const SMALL = ['--app', 'node', '--seconds', '1', '--users', '20', '--rate', '60'];
const REPORT = ['requests', 'failed', 'sessionsLost', 'updatesLost', 'longestWaitMs', 'p50Ms', 'p99Ms'];

test('--json prints one object and nothing else on standard output, and nothing is left running', async () => {
  const demo = runNpm('demo', '--json', ...SMALL);
  expect(await demo.ended, demo.stderr()).toBe(0);
  const result = JSON.parse(demo.stdout()) as Record<string, Record<string, unknown>> & { steps: Record<string, unknown>[] };
  expect(Object.keys(result)).toEqual(['plain', 'clean', 'steps', 'holdMs', 'sessionsMoved', 'workflowId']);
  expect(Object.keys(result['plain'] ?? {})).toEqual(REPORT);
  expect(Object.keys(result['clean'] ?? {})).toEqual(REPORT);
  expect(result['clean']).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  expect(result.steps.map(({ name }) => name)).toEqual([...STEPS]);
  for (const step of result.steps) expect(step).toEqual({ name: step['name'], ms: expect.any(Number) as number });
  expect(Object.keys(result['holdMs'] ?? {})).toEqual(['p50', 'p99', 'max']);
  expect(result['sessionsMoved']).toEqual(expect.any(Number));
  expect(result['workflowId']).toBe('clean-restart/shop');
  expect(demo.running()).toEqual([]);
}, 180_000);

test.each(['Starting PostgreSQL', 'Starting two Node servers', 'the plain way:', 'Clean restart:'])(
  'told to end at "%s", the demo ends what it has started',
  async (stage) => {
    const demo = runNpm('demo', ...SMALL);
    await expect.poll(() => demo.stdout(), { timeout: 90_000, interval: 10 }).toContain(stage);
    await sleep(100);
    demo.child.kill('SIGTERM');
    await expect.poll(() => demo.running(), { timeout: 60_000 }).toEqual([]);
    expect(demo.stderr()).toContain('Ended on request.');
  },
  120_000,
);
