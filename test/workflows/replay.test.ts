import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';

const HISTORIES = fileURLToPath(new URL('histories', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
/** Those of children and of outside calls depend on it. */
const WORKFLOW_IDS: Record<string, string> = {
  cleanRestart: 'clean-restart/shop',
  supervisePool: 'pool/shop',
  rejuvenateFleet: 'fleet',
};

function history(name: string): unknown {
  return JSON.parse(readFileSync(`${HISTORIES}/${name}`, 'utf8'));
}

async function replay(code: string, name: string): Promise<void> {
  const recorded = history(name) as {
    events: { workflowExecutionStartedEventAttributes?: { workflowType: { name: string } } }[];
  };
  const type = recorded.events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name ?? '';
  await Worker.runReplayHistory({ workflowBundle: { code } }, recorded, WORKFLOW_IDS[type]);
}

beforeAll(() => Runtime.install({ logger: new DefaultLogger('ERROR') }));

describe('recorded runs go on under the workflow of today', () => {
  test.each(readdirSync(HISTORIES))('%s', async (name) => {
    await replay(readFileSync(BUNDLE, 'utf8'), name);
  });
});

describe('a changed workflow is noticed', () => {
  test.each([
    ['a renamed step', (code: string) => code.replaceAll('migrateSessions', 'moveSessions')],
    ['a removed step', (code: string) => code.replace(/await runner\.forward\('migrateSessions', [^;]*;/, '')],
    [
      'reordered steps',
      (code: string) =>
        code.replaceAll('migrateSessions', 'SWAP').replaceAll('awaitDrain', 'migrateSessions').replaceAll('SWAP', 'awaitDrain'),
    ],
  ])('%s', async (_name, change) => {
    const code = readFileSync(BUNDLE, 'utf8');
    const changed = change(code);
    expect(changed).not.toBe(code);

    await expect(replay(changed, 'finished.json')).rejects.toThrow(/determinis/i);
  });

  test.each([
    [
      'a supervisor that asks nobody',
      'supervisor.json',
      (code: string) => code.replace(/await judge\(wanted\)/, '{ verdict: "go" }'),
    ],
    [
      'a fail-over that does not fence',
      'fail-over.json',
      (code: string) => code.replace(/await fence\.executeWithOptions\([^;]*;/, ''),
    ],
    [
      'a fail-over that routes before it fences',
      'fail-over.json',
      (code: string) =>
        code.replace("await fence.executeWithOptions(summary('fence')", "await route.executeWithOptions(summary('route')"),
    ],
    [
      'a supervisor that only notes that a machine is down',
      'supervisor-failed-over.json',
      (code: string) => code.replace("patched)('fail-over')", "patched)('nothing')"),
    ],
    [
      'a fleet that heeds nobody before all have ended',
      'fleet-resumed-early.json',
      (code: string) => code.replace('return this.nextWaiting() !== null', 'return false'),
    ],
    ['a fleet that does not look first', 'fleet.json', (code: string) => code.replace(/await requirePools[^;]*;/g, '')],
    [
      'a restart that is not listed',
      'listed-finished.json',
      (code: string) => code.replace(/canList\.executeWithOptions\([^]*?\[\{\}\]\)/, 'Promise.resolve(false)'),
    ],
  ])('%s', async (_name, file, change) => {
    const code = readFileSync(BUNDLE, 'utf8');
    const changed = change(code);
    expect(changed).not.toBe(code);

    await expect(replay(changed, file)).rejects.toThrow(/determinis/i);
  });
});
