// npm run chaos: breaks one thing at one moment of a clean restart, many times over, and says what came of it.

import { Command, Option } from 'commander';
import { refusing, whole } from '../demo/options.js';
import { mulberry32 } from '../demo/load/random.js';
import { missingForTomcat } from '../embedded/tomcat-kit.js';
import { describeError } from '../config/operator-error.js';
import { Closing } from '../embedded/closing.js';
import { runBench } from '../bench/run-bench.js';
import { STEPS } from '../workflows/steps.js';
import type { StepName } from '../workflows/steps.js';
import type { Fault } from './fault.js';
import { FAULTS } from './faults/index.js';
import type { Moment, Point } from './points.js';
import { POINTS } from './points.js';
import { render, writeTable } from './render.js';
import type { FaultRun } from './run-fault.js';
import { brokenRun, runFault } from './run-fault.js';
import { Stage } from './stage.js';

interface Options {
  fault?: string[];
  step?: StepName;
  point?: Point;
  seed: number;
  all: boolean;
  proxies?: 1 | 2;
  app: 'tomcat' | 'node';
  users: number;
  rate: number;
  json: boolean;
}

interface Planned extends Moment {
  fault: Fault;
}

const MAX_LOAD_SECONDS = 6 * 3600;
/** A step may be over before the moment has come. */
const TRIES = 3;

const options = refusing(new Command('npm run chaos --'))
  .description(
    'Breaks one thing at one moment of a clean restart under load; without a choice each fault once, at a moment that the seed chooses.',
  )
  .addOption(new Option('--fault <name...>', 'one fault or some, at all its moments').choices(FAULTS.map(({ name }) => name)))
  .addOption(new Option('--step <name>', 'in one step only').choices(STEPS))
  .addOption(new Option('--point <name>', 'at one point only').choices(POINTS))
  .option('--seed <number>', 'chooses moments, load and pauses', whole(0, 2 ** 32 - 1), 1)
  .option('--all', 'every fault at all its moments; writes the table of docs/faults.md', false)
  .addOption(
    new Option('--proxies <count>', 'proxies in front; without it two, and one where that matters')
      .choices(['1', '2'])
      .argParser(Number),
  )
  .addOption(new Option('--app <name>', 'what is restarted').choices(['tomcat', 'node']).default('tomcat'))
  .option('--users <count>', 'verifying users', whole(1, 5000), 60)
  .option('--rate <requests>', 'requests a second, open-loop', whole(1, 5000), 120)
  .option('--json', 'print one JSON object on standard output, progress on standard error', false)
  .parse()
  .opts<Options>();

/** Only a table of everything replaces that of the documentation. */
const isWhole = [options.fault, options.step, options.point, options.proxies].every((choice) => choice === undefined);
const random = mulberry32(options.seed);
const closing = new Closing();
await runBench(closing, async (signal) => {
  const app = options.app === 'tomcat' && (await missingForTomcat()) !== null ? 'node' : options.app;
  const runs: FaultRun[] = [];
  const plan = planned(app);
  for (const proxies of [2, 1] as const) {
    const here = plan.filter(({ fault }) =>
      (options.proxies === undefined ? countsOf(fault) : [options.proxies]).includes(proxies),
    );
    if (here.length === 0) continue;
    const { users, rate, seed } = options;
    const onProgress = (line: string): void => console.error(line);
    let stage: Stage | null = null;
    for (const one of here) {
      if (stage === null) {
        const built = await Stage.build({ app, proxies, users, rate, seed, maxSeconds: MAX_LOAD_SECONDS, onProgress, signal });
        closing.add(built.close);
        ({ stage } = built);
      }
      const run = await tryRun(stage, one, signal);
      runs.push(run);
      if (run.wrong.length === 0) continue;
      // What went wrong must not spoil the next.
      stage = null;
      await closing.close().catch((error: unknown) => onProgress(describeError(error)));
    }
    await closing.close();
  }
  console.log(options.json ? JSON.stringify({ seed: options.seed, app, runs }) : render(runs));
  if (options.all && isWhole) await writeTable(render(runs));
  return runs.every(({ wrong, reached }) => reached && wrong.length === 0);
});

/** Every moment that was asked for. */
function planned(app: Options['app']): Planned[] {
  const chosen = FAULTS.filter(({ name, apps, missing }) => {
    if (options.fault?.includes(name) === false) return false;
    const why = apps?.includes(app) === false ? `not with ${app}` : (missing?.() ?? null);
    if (why !== null) console.error(`${name} is left out: ${why}`);
    return why === null;
  });
  return chosen.flatMap((fault) => {
    const moments = fault.steps
      .flatMap((step) => fault.points.map((point) => ({ fault, step, point })))
      .filter(({ step }) => options.step === undefined || options.step === step)
      .filter(({ point }) => options.point === undefined || options.point === point);
    return options.all || options.fault !== undefined
      ? moments
      : moments.slice(Math.floor(random() * moments.length)).slice(0, 1);
  });
}

function countsOf({ name }: Fault): number[] {
  return name.startsWith('proxy-') ? [2, 1] : [2];
}

async function tryRun(stage: Stage, { fault, step, point }: Planned, signal: AbortSignal): Promise<FaultRun> {
  let run: FaultRun | undefined;
  for (let tries = 0; tries < TRIES && !run?.reached; tries++) {
    signal.throwIfAborted();
    run = await runFault(stage, fault, { step, point }, random).catch((error: unknown) => {
      signal.throwIfAborted();
      return brokenRun(stage, fault, { step, point }, error);
    });
    const { outcome, goOnMs, seen, wrong, tookMs } = run;
    const lost = `${seen.failed} failed, ${seen.sessionsLost} sessions and ${seen.updatesLost} updates lost of ${seen.requests}`;
    const how = run.reached ? `${outcome}, went on after ${goOnMs ?? '-'} ms` : 'the step was over before';
    console.error(`${fault.name} ${point} ${step}: ${how}; ${lost} (${(tookMs / 1000).toFixed(1)} s)`);
    for (const line of wrong) console.error(`  WRONG: ${line}`);
    if (wrong.length > 0) break;
  }
  return run as FaultRun;
}
