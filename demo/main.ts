// npm run demo

import { setMaxListeners } from 'node:events';
import { EXIT_REFUSED } from '../cli/output.js';
import { onToldToEnd } from '../cli/until-told.js';
import { describeError } from '../config/operator-error.js';
import { isApart, prepareApart, runApart } from '../guests/apart.js';
import type { WindowReport } from './load/report.js';
import type { DemoOptions } from './options.js';
import { parseOptions } from './options.js';
import { requirePort } from './port.js';
import { runDemo } from './run-demo.js';
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
  const run = await runDemo(options, createView(out), stop.signal);
  const { plain, clean, result, workflowId } = run;
  try {
    out.write(`\n${renderComparison(run)}\n\n  Application: ${run.url}\n  Workflow:    ${run.workflowUrl}\n`);
    if (options.json) {
      const { steps, holdMs, sessionsMoved } = result;
      const figures = { plain: figuresOf(plain), clean: figuresOf(clean) };
      process.stdout.write(`${JSON.stringify({ ...figures, steps, holdMs, sessionsMoved, workflowId })}\n`);
    }
    for (const [reason, count] of Object.entries(clean.reasons))
      out.write(`\n  Failed in the clean restart: ${count} × ${reason}\n`);
    const lost = clean.failed + clean.sessionsLost + clean.updatesLost;
    process.exitCode = lost === 0 ? 0 : 1;
    if (options.keep) {
      const way = isApart() ? ` Its network is its own: nsenter --net --target ${process.pid} COMMAND reaches it.` : '';
      out.write(`\n  Everything stays up. Ctrl-C ends it.${way}\n`);
      await told;
    } else {
      out.write('\n  Ending what was started (--keep leaves it up to explore).\n');
    }
  } finally {
    await run.close();
  }
} catch (error) {
  process.stderr.write(`${stop.signal.aborted ? 'Ended on request.' : describeError(error)}\n`);
  process.exitCode = 1;
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
