// The demo's command line.

import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT_REFUSED } from '../cli/output.js';
import type { StepName } from '../workflows/steps.js';
import { STEPS } from '../workflows/steps.js';

/** What the application loses with each request. */
export const LEAKS = ['heap', 'threads', 'slow'] as const;
export type Leak = (typeof LEAKS)[number];

export interface DemoOptions {
  json: boolean;
  users: number;
  rate: number;
  seconds: number;
  app: 'tomcat' | 'node';
  machines: 'process' | 'libvirt';
  crash?: StepName;
  leak?: Leak;
  port: number;
  keep: boolean;
}

/** Guests may be emulated, some twenty times slower than processes. */
const LOAD = { process: { users: 200, rate: 300 }, libvirt: { users: 20, rate: 10 } } as const;

export function parseOptions(argv: readonly string[]): DemoOptions {
  const command = refusing(new Command('npm run demo --'))
    .description('Restarts an application server under load, the plain way and then cleanly, and compares what its users saw.')
    .option('--json', 'print one JSON object on standard output, progress on standard error', false)
    .option('--users <count>', 'verifying users (default: 200; 20 on virtual machines)', whole(1, 5000))
    .option('--rate <requests>', 'requests a second, open-loop (default: 300; 10 on virtual machines)', whole(1, 5000))
    .option('--seconds <seconds>', 'steady traffic before each restart', whole(1, 600), 6)
    .addOption(new Option('--app <name>', 'application to restart').choices(['tomcat', 'node']).default('tomcat'))
    .addOption(
      new Option('--machines <kind>', 'processes of this host, or virtual machines of libvirt, as root')
        .choices(['process', 'libvirt'])
        .default('process'),
    )
    .addOption(new Option('--crash <step>', 'kill the worker while that step runs, start another, and go on').choices(STEPS))
    .addOption(
      new Option('--leak <kind>', 'let the application age, until detection sees it and asks for a clean restart').choices(LEAKS),
    )
    .option('--port <port>', 'port of the proxy; 0 takes a free one', whole(0, 65_535), 0)
    .option('--keep', 'stay up afterwards, until Ctrl-C; with --leak the pool has a policy and is supervised', false)
    .parse(argv);
  const given = command.opts<Omit<DemoOptions, 'users' | 'rate'> & Partial<DemoOptions>>();
  if (given.machines === 'libvirt' && given.port !== 0)
    command.error(
      "error: option '--port <port>' cannot be used with '--machines libvirt': the proxy has an address of its own there.",
    );
  if (given.leak !== undefined) {
    for (const [other, isGiven] of [
      ['--machines libvirt', given.machines === 'libvirt'],
      ['--app node', given.app === 'node'],
      ['--crash <step>', given.crash !== undefined],
    ] as const) {
      if (isGiven) command.error(`error: option '--leak <kind>' cannot be used with '${other}': it is shown with local Tomcats.`);
    }
  }
  return { ...LOAD[given.machines], ...given };
}

/** A command that ends the process with 2 when its options are refused, as those of vm-rejuv do. */
export function refusing(command: Command): Command {
  return command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_REFUSED));
}

/** Parses an option's whole number within bounds; commander's message names the option. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Allowed: a whole number from ${least} to ${most}.`);
  };
}
