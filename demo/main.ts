// npm run demo

import { setMaxListeners } from 'node:events';
import { EXIT_REFUSED } from '../cli/output.js';
import { onToldToEnd } from '../cli/until-told.js';
import { describeError } from '../config/operator-error.js';
import { isApart, prepareApart, runApart } from '../guests/apart.js';
import { renderKept } from './kept.js';
import { renderLeak } from './leak-table.js';
import type { WindowReport } from './load/report.js';
import type { DemoOptions } from './options.js';
import { parseOptions } from './options.js';
import { requirePort } from './port.js';
import type { DemoRun } from './run-demo.js';
import { runDemo } from './run-demo.js';
import type { LeakRun } from './run-leak.js';
import { runLeak } from './run-leak.js';
import { renderComparison } from './table.js';
import { createView } from './view.js';

const options = parseOptions(process.argv);
if (options.machines === 'libvirt' && !isApart()) process.exit(await runDemoApart(options));
const out = options.json ? process.stderr : process.stdout;
const stop = new AbortController();
// Whatever the demo waits for listens to it.
setMaxListeners(0, stop.signal);
const told = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
onToldToEnd(() => stop.abort(), 'what was started to end');

try {
  await requirePort(options.port);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(EXIT_REFUSED);
}

try {
  const { leak } = options;
  const view = createView(out);
  const shown =
    leak === undefined
      ? comparisonOf(await runDemo(options, view, stop.signal))
      : leakOf(await runLeak({ ...options, leak }, view, stop.signal));
  try {
    out.write(`\n${shown.text}\n`);
    if (options.json) process.stdout.write(`${JSON.stringify(shown.figures)}\n`);
    for (const [reason, count] of Object.entries(shown.report.reasons)) out.write(`\n  Failed: ${count} × ${reason}\n`);
    const { failed, sessionsLost, updatesLost } = shown.report;
    process.exitCode = failed + sessionsLost + updatesLost === 0 ? 0 : 1;
    if (options.keep) {
      const way = isApart() ? `\n  Its network is its own: nsenter --net --target ${process.pid} COMMAND reaches it.` : '';
      const commands = `set -a; . ${await shown.run.publish()}; set +a; npm run vm-rejuv -- status`;
      out.write(`\n  Application: ${shown.run.url}\n  Workflow:    ${shown.run.workflowUrl}\n  Commands:    ${commands}\n`);
      out.write(`\n${renderKept({ leak, ...shown.run })}${way}\n`);
      await told;
    } else {
      out.write('\n  Ending what was started (--keep leaves it up to explore, and says where).\n');
    }
  } finally {
    await shown.run.close();
  }
} catch (error) {
  process.stderr.write(`${stop.signal.aborted ? 'Ended on request.' : describeError(error)}\n`);
  process.exitCode = 1;
}

/** What is written of a demo when it has ended. */
interface Shown {
  run: Pick<DemoRun, 'url' | 'workflowUrl' | 'directory' | 'maxLoadSeconds' | 'publish' | 'close'>;
  text: string;
  /** The object of --json. */
  figures: object;
  /** What may have lost nothing. */
  report: WindowReport;
}

function comparisonOf(run: DemoRun): Shown {
  const { plain, clean, result, workflowId } = run;
  const { steps, holdMs, sessionsMoved } = result;
  const figures = { plain: figuresOf(plain), clean: figuresOf(clean), steps, holdMs, sessionsMoved, workflowId };
  return { run, text: renderComparison(run), figures, report: clean };
}

function leakOf(run: LeakRun): Shown {
  const { leak, report, evidence, result, workflowId } = run;
  const { steps, holdMs, sessionsMoved } = result;
  const figures = { leak, evidence, clean: figuresOf(report), steps, holdMs, sessionsMoved, workflowId };
  return { run, text: renderLeak(run), figures, report };
}

/** What needs the network comes first: in namespaces of its own, the demo has none. */
async function runDemoApart({ app }: DemoOptions): Promise<number> {
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    await prepareApart([app, 'proxy'], onProgress);
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
  return runApart([process.execPath, ...process.argv.slice(1)]);
}

function figuresOf({ reasons: _, ...figures }: WindowReport): Omit<WindowReport, 'reasons'> {
  return figures;
}
