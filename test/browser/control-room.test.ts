// Temporal's web UI as the control room: what docs/temporal-ui.md tells an operator to do, done in a browser. Takes its pictures.

import { describe, expect, onTestFinished, test } from 'vitest';
import { startLoad } from '../../demo/load/start-load.js';
import { nodeShop } from '../../demo/node-shop.js';
import { STEPS, SUMMARIES } from '../../workflows/steps.js';
import { missingForBrowser } from '../fixtures/browser.js';
import { fleetOf } from '../fixtures/fleet.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { obstinateShop } from '../fixtures/obstinate-shop.js';
import { supervised } from '../fixtures/supervised.js';
import { TemporalUi } from '../fixtures/temporal-ui.js';

const missing = missingForBrowser();

/** A few, for there to be sessions. */
const USERS = { users: 20, rate: 20, seed: 1, maxSeconds: 240, slowMs: 100, slowShare: 0 };

describe.skipIf(missing !== null)(`the Temporal UI${missing === null ? '' : ` (not run: ${missing})`}`, () => {
  test('a clean restart is started by its form, decided by its menu, told in words, and listed by pool and outcome', async () => {
    const { shop, block, clear } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 2000 } });
    const { installation } = await createTestInstallation(shop, 'shop');
    await installation.bootMachines();
    const { url } = await installation.startProxy();
    await installation.startWorker();
    const load = startLoad({ origins: [url], ...USERS });
    onTestFinished(() => load.stop());
    await expect.poll(() => load.progress()?.requests ?? 0, { timeout: 60_000 }).toBeGreaterThan(2 * USERS.users);
    await block();
    const ui = await TemporalUi.open();
    const workflowId = 'clean-restart/shop';

    const form = { workflowId, taskQueue: installation.config.temporal.taskQueue, workflowType: 'cleanRestart' };
    await ui.typeIntoForm(form, '{"pool": "shop", "reason": "patch day"}');
    await ui.picture('start-form');
    await ui.start();
    await ui.untilDetails(workflowId, /Waits for you[^]*node-a did not get ready[^]*Next decision, yours: send the update retry/);
    await ui.untilDetails(
      workflowId,
      /because: patch day[^]*bootStandby \(done in \d+ ms\)[^]*[1-9]\d* sessions are the standby[^]*(requests held: p50|no request had)[^]*restartPrimary \(waits for you\)/,
    );
    await ui.picture('restart-details');

    expect(await ui.openMenu('Update')).toEqual([
      expect.stringMatching(/^retry Try the step that failed again/),
      expect.stringMatching(/^skip Go on without the step that waits for you; restartPrimary: /),
      expect.stringMatching(/^abort Give up and leave the pool as it was/),
      'Custom',
    ]);
    await clear();
    await ui.choose('retry', '{"reason": "the way is clear"}');
    await ui.page.getByText('Update successful').waitFor();
    await ui.openWorkflow(workflowId);
    await ui.untilStatus('Completed');

    const said = await ui.text();
    for (const step of [...STEPS, 'observePrimary', 'canList'] as const) expect(said).toContain(`${step} • ${SUMMARIES[step]}`);
    await ui.page.getByRole('heading', { name: 'Event History' }).scrollIntoViewIfNeeded();
    await ui.page.mouse.wheel(0, 560);
    await ui.picture('event-history');
    await ui.untilDetails(workflowId, /none, it has ended well/);

    await ui.untilListed(`VmRejuvPool = 'shop' and VmRejuvReason = 'patch day'`, [workflowId]);
    await ui.untilListed(`VmRejuvPool = 'shop' and VmRejuvOutcome = 'running'`, []);
    await ui.untilListed(`VmRejuvPool = 'shop' and VmRejuvOutcome = 'done'`, [workflowId]);
    expect(await ui.text()).toMatch(/VmRejuvPool\s*=\s*"shop"[^]*VmRejuvOutcome\s*=\s*"done"/);
    await ui.picture('list', 400);
  });

  test('a supervisor is started by its form, told of aging and approved by its menus, and refuses in its own words', async () => {
    const { installation, supervisor } = await supervised({ mode: 'approval', cooldownMs: 0 }, { name: 'mail' });
    await supervisor.terminate('started by hand instead');
    const ui = await TemporalUi.open();
    const workflowId = 'pool/mail';

    const form = { workflowId, taskQueue: installation.config.temporal.taskQueue, workflowType: 'supervisePool' };
    await ui.typeIntoForm(form, '{"pool": "mail"}');
    await ui.start();
    await ui.untilStatus('Running');
    await ui.untilDetails(workflowId, /Supervisor of pool mail: watching[^]*Next decision/);
    expect(await ui.openMenu('Signal')).toEqual([
      expect.stringMatching(/^rejuvenate Restart the pool cleanly/),
      expect.stringMatching(/^agingDetected The active machine shows signs of aging/),
      expect.stringMatching(/^serverDown The active machine has died or hangs/),
      expect.stringMatching(/^anomalySeen Something is wrong that no restart mends/),
      expect.stringMatching(/^lookAgain Ask policy again/),
      expect.stringMatching(/^Custom/),
    ]);
    await ui.picture('signal-menu');
    await ui.choose('agingDetected', '{"evidence": "heap full in 20 minutes"}');
    await ui.untilDetails(
      workflowId,
      /waiting for approval[^]*Next decision, yours: send the update approve[^]*evidence: heap full in 20 minutes[^]*APPROVAL_NEEDED/,
    );
    await ui.picture('supervisor-details');

    expect(await ui.openMenu('Update')).toEqual([
      expect.stringMatching(/^approve Let the restart or fail-over begin/),
      expect.stringMatching(/^reject Drop the restart or fail-over/),
      expect.stringMatching(/^pause Begin no restart and no fail-over/),
      expect.stringMatching(/^resume Go on after pause/),
      expect.stringMatching(/^retry Let the restart or fail-over under way try again/),
      expect.stringMatching(/^skip Let the restart or fail-over under way go on/),
      expect.stringMatching(/^abort Give up the restart or fail-over under way/),
      'Custom',
    ]);
    await ui.picture('update-menu');
    await ui.choose('approve', '{"reason": "tonight, says Ada"}');
    await ui.page.getByText('Update successful').waitFor();
    await ui.untilDetails(workflowId, /watching[^]*restart: DONE[^]*approve \(tonight, says Ada\): APPROVED/);
    await ui.untilListed(`VmRejuvPool = 'mail' and VmRejuvOutcome = 'done'`, ['clean-restart/mail']);

    await ui.openWorkflow(workflowId);
    await ui.openMenu('Update');
    await ui.choose('approve', '{}');
    await ui.dialog.getByText('Nothing waits for approval.', { exact: true }).waitFor();
  });

  test('a fleet is started by its form, tells of each pool, and goes on by its menu', async () => {
    const { installation, pools } = await fleetOf(2, [1], 'blog');
    const names = pools.map(({ name }) => name);
    const ui = await TemporalUi.open();
    const workflowId = 'fleet/patch-day';

    const form = { workflowId, taskQueue: installation.config.temporal.taskQueue, workflowType: 'rejuvenateFleet' };
    await ui.typeIntoForm(form, JSON.stringify({ pools: names, reason: 'patch day' }));
    await ui.start();
    await ui.untilDetails(
      workflowId,
      /2 pools: 1 done, 1 failed[^]*Next decision, yours[^]*blog: done[^]*blog-1: failed \(PRIMARY_NOT_RUNNING/,
    );
    await ui.picture('fleet-details');
    expect(await ui.openMenu('Update')).toEqual([
      expect.stringMatching(/^resume Try those that failed again/),
      expect.stringMatching(/^skip Leave those that failed/),
      expect.stringMatching(/^abort Begin no other/),
      'Custom',
    ]);
    await ui.choose('skip', '{"reason": "tomorrow"}');
    await ui.openWorkflow(workflowId);

    await ui.untilStatus('Completed');
    await ui.untilDetails(workflowId, /1 done, 1 skipped/);
  });

  test('what is typed into the form by mistake gets a readable failure at once', async () => {
    const { installation } = await createTestInstallation(nodeShop, 'wiki');
    await installation.startWorker();
    const { taskQueue } = installation.config.temporal;
    const ui = await TemporalUi.open();

    // The browser itself sees that it is no JSON.
    await ui.typeIntoForm({ workflowId: 'typed/no-json', taskQueue, workflowType: 'cleanRestart' }, '{"pool": "wiki"');
    await ui.page.getByText('Input must be valid JSON').waitFor();
    expect(await ui.startButton.isDisabled()).toBe(true);

    const mistakes = [
      ['cleanRestart', '{"pool": "nobody"}', 'There is no pool \\"nobody\\". Name one of: wiki.'],
      [
        'cleanRestart',
        '{"reason": "patch day"}',
        'Field \\"pool\\" must name a pool, found nothing. Start it with one JSON object',
      ],
      ['supervisePool', '{"pool": "nobody"}', 'There is no pool \\"nobody\\". Name one of: wiki.'],
      ['supervisePool', '{}', 'Field \\"pool\\" must name a pool, found nothing. Start it with one JSON object'],
      ['rejuvenateFleet', '{"pools": ["nobody"]}', 'There is no pool \\"nobody\\". Name one of: wiki.'],
      [
        'rejuvenateFleet',
        '{"atMost": 1}',
        'Field \\"pools\\" must be a list of different names, found nothing. Start it with one',
      ],
    ] as const;
    for (const [index, [workflowType, input, message]] of mistakes.entries()) {
      await ui.typeIntoForm({ workflowId: `typed/mistake-${index}`, taskQueue, workflowType }, input);
      await ui.start();
      await ui.untilStatus('Failed');
      await expect.poll(() => ui.text(), { timeout: 30_000 }).toContain(message);
      // What is below is the trace of a stack.
      if (index > 0) continue;
      await ui.toTop();
      await ui.picture('failure', 500);
    }
    await ui.untilListed(`VmRejuvPool = 'nobody' and VmRejuvOutcome = 'POOL_UNKNOWN'`, ['typed/mistake-2', 'typed/mistake-0']);
  });
});
