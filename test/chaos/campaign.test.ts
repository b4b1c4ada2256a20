import { expect, test } from 'vitest';
import type { CampaignOptions, Makers } from '../../chaos/campaign.js';
import { runAll } from '../../chaos/campaign.js';
import { FAULTS } from '../../chaos/faults/index.js';
import type { Planned } from '../../chaos/plan.js';
import { brokenRun } from '../../chaos/run-fault.js';
import type { Stage } from '../../chaos/stage.js';
import { Closing } from '../../embedded/closing.js';

const [fault] = FAULTS as [(typeof FAULTS)[0]];
const planned: Planned = { fault, step: 'bootStandby', point: 'before', proxies: 2 };
const good = { ...brokenRun(planned, null), reached: true, outcome: 'finished', wrong: [] };

function campaign(signal: AbortSignal, makers: Makers): Promise<unknown[]> {
  const options: CampaignOptions = {
    ...{ app: 'node', users: 1, rate: 1, seed: 1, atOnce: 1, onProgress: () => undefined, signal },
  };
  const plan = Array.from({ length: 5 }, () => planned);
  return runAll(plan, options, new Closing(), makers);
}

/** Builds stages that have nothing, but where `fails` says so of the how many-th. */
function builder(fails: (count: number) => boolean, close: () => Promise<void> = () => Promise.resolve()): Makers['build'] {
  let count = 0;
  return (options) =>
    fails(++count) ? Promise.reject(new Error('No stage.')) : Promise.resolve({ stage: { options } as Stage, close });
}

const never = new AbortController().signal;

test('a stage that cannot be built costs one run', async () => {
  const runs = await campaign(never, { build: builder((count) => count < 3), run: () => Promise.resolve(good) });
  expect(runs).toMatchObject([{ wrong: ['No stage.'] }, { wrong: ['No stage.'] }, { wrong: [] }, { wrong: [] }, { wrong: [] }]);
});

test('a stage that does not close costs no run', async () => {
  const broken = { ...good, wrong: ['Something.'] };
  const makers = {
    build: builder(
      () => false,
      () => Promise.reject(new Error('It does not close.')),
    ),
    run: () => Promise.resolve(broken),
  };
  expect(await campaign(never, makers)).toHaveLength(5);
});

test('it is given up when no stage can be built', async () => {
  let count = 0;
  const build = builder((now) => (count = now) > 0);
  const runs = await campaign(never, { build, run: () => Promise.resolve(good) });
  expect(count).toBe(3);
  const [tried, notTried] = [{ wrong: ['No stage.'] }, { wrong: ['No stage could be built for it.'] }];
  expect(runs).toMatchObject([tried, tried, tried, notTried, notTried]);
});

test('it ends when it is told to', async () => {
  const end = new AbortController();
  const run = (): Promise<never> => {
    end.abort(new Error('Ended on request.'));
    return Promise.reject(new Error('Broken off.'));
  };
  await expect(campaign(end.signal, { build: builder(() => false), run })).rejects.toThrow('Ended on request.');
});
