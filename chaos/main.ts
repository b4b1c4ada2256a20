// npm run chaos: breaks one thing at one moment of a clean restart or fail-over, many times over, and says what came of it.

import { Command, Option } from 'commander';
import { runBench } from '../bench/run-bench.js';
import { mulberry32 } from '../demo/load/random.js';
import { refusing, whole } from '../demo/options.js';
import { Closing } from '../embedded/closing.js';
import { missingForTomcat } from '../embedded/tomcat-kit.js';
import { runAll } from './campaign.js';
import { FAULTS } from './faults/index.js';
import type { Choice } from './plan.js';
import { impossible, plan } from './plan.js';
import { POINTS } from './points.js';
import { procedureOf, PROCEDURES, STEPS_OF } from './procedure.js';
import { describe, render, writeIntoDocumentation } from './render.js';

interface Options extends Choice {
  seed: number;
  users: number;
  rate: number;
  atOnce: number;
  json: boolean;
}

const command = refusing(new Command('npm run chaos --'))
  .description(
    'Breaks one thing at one moment of a clean restart or fail-over under load; without a choice each fault once, at a moment that the seed chooses.',
  )
  .addOption(new Option('--fault <name...>', 'one fault or some, at all its moments').choices(FAULTS.map(({ name }) => name)))
  .addOption(new Option('--of <kind>', 'clean restarts or fail-overs only').choices(PROCEDURES))
  .addOption(new Option('--step <name>', 'in one step only').choices(PROCEDURES.flatMap((of) => STEPS_OF[of])))
  .addOption(new Option('--point <name>', 'at one point only').choices(POINTS))
  .option('--seed <number>', 'chooses moments, load and pauses', whole(0, 2 ** 32 - 1), 1)
  .option('--all', 'every fault at all its moments; writes the tables of docs/faults.md, or that of --of', false)
  .option('--proxies <count>', 'proxies in front; without it two, and one where that matters', whole(1, 2))
  .addOption(new Option('--app <name>', 'what is restarted').choices(['tomcat', 'node']).default('tomcat'))
  .option('--users <count>', 'verifying users', whole(1, 5000), 60)
  .option('--rate <requests>', 'requests a second, open-loop', whole(1, 5000), 120)
  .option('--at-once <count>', 'runs beside each other, each on servers of its own', whole(1, 16), 1)
  .option('--json', 'print one JSON object on standard output, progress on standard error', false)
  .parse();
const options = command.opts<Options>();
const app = options.app === 'tomcat' && (await missingForTomcat()) !== null ? 'node' : options.app;
const refusal = impossible({ ...options, app });
if (refusal !== null) command.error(`error: ${refusal}`);

/** Only a table of everything, from a machine that has everything, replaces that of the documentation. */
const isWhole = [options.fault, options.step, options.point, options.proxies].every((choice) => choice === undefined);
const closing = new Closing();
await runBench(closing, async (signal) => {
  const onProgress = (line: string): void => console.error(line);
  let isComplete = isWhole;
  const planned = plan({ ...options, app }, mulberry32(options.seed), (line) => {
    isComplete = false;
    onProgress(line);
  });
  if (planned.length === 0) throw new Error('Nothing is left of that choice.');
  const runs = await runAll(planned, { ...options, app, onProgress, signal }, closing);
  console.log(options.json ? JSON.stringify({ seed: options.seed, app, runs }) : render(runs));
  for (const of of options.all && isComplete ? PROCEDURES : []) {
    const its = runs.filter(({ step }) => procedureOf(step) === of);
    if (its.length > 0) await writeIntoDocumentation(`${describe(FAULTS, of)}\n\n${render(its)}`, of);
  }
  return runs.every(({ wrong, reached }) => reached && wrong.length === 0);
});
