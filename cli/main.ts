#!/usr/bin/env node
// vm-rejuv: the command line. Each command loads what it needs: a proxy does without Temporal's client, and a question is answered at once.

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Decision } from '../activities/deps.js';
import { addressLike, parseAddress } from '../config/address.js';
import { withoutBadSecrets } from '../config/environment.js';
import type { LoadOptions } from '../config/load.js';
import { loadConfig } from '../config/load.js';
import { NAME, NAME_LIKE } from '../config/name.js';
import { OperatorError } from '../config/operator-error.js';
import { originLike, parseOrigin } from '../config/origin.js';
import type { Config, ListenAddress } from '../config/types.js';
import { DATA_DIRECTORY, withConnections } from './connections.js';
import type { HistoryOptions } from './history.js';
import type { OutputOptions } from './output.js';
import { fail } from './output.js';
import type { ProxyOptions } from './proxy.js';
import type { ReplayOptions } from './replay-samples.js';
import type { SamplesOptions } from './samples.js';
import { skipHelp } from './skip-help.js';
import type { SupervisorUpdate } from './tell-supervisor.js';
import { version } from './version.js';

/** Of an answer for people. Chosen. */
const MOST_LINES = 1_000_000;

interface CommonOptions extends OutputOptions {
  config: string;
}

interface ClientOptions extends CommonOptions {
  data: string;
}

const program = new Command('vm-rejuv')
  .description('Rejuvenates aging application servers by clean restarts: no failed request, no lost session, no lost update.')
  .version(version(), '--version', 'print the version')
  .exitOverride()
  .configureOutput({ outputError: (text) => tellUsageError(text, 'vm-rejuv') });

command('up', 'Run everything here: proxy, worker, and PostgreSQL and Temporal unless their addresses are given')
  .option('--pool <name>', 'the pool that the proxy serves, when there are several')
  .option('--data <directory>', 'where embedded servers keep their data', DATA_DIRECTORY)
  .action((options: CommonOptions & { pool?: string; data: string }) =>
    run(options, async () => (await import('./up.js')).up(options)),
  );

command('proxy', 'Run the proxy of one pool')
  .option('--pool <name>', 'the pool, when there are several')
  .option('--name <name>', 'name of this proxy, unique per pool', givenName)
  .option('--listen <host:port>', 'where clients connect', givenAddress)
  .option('--admin <host:port>', 'where workers, probes and Prometheus connect', givenAddress)
  .option('--admin-url <origin>', 'where workers reach the admin API, when that is not where it listens', givenOrigin)
  .action((options: ProxyOptions) => run(options, async () => (await import('./proxy.js')).runProxy(options)));

command('worker', 'Run the worker that carries out clean restarts').action((options: CommonOptions) =>
  run(options, async () => (await import('./worker.js')).runWorker(options)),
);

clientCommand('check', 'Check configuration, servers, machines and session hand-over; changes no power')
  .argument('[pool]', 'one pool instead of all')
  .action((pool: string | undefined, options: ClientOptions) =>
    run(options, async () => {
      const { env, ...missing } = withoutBadSecrets(withConnections(options.data), orElse(options));
      const config = loadConfig(options.config, env, { proxy: 'elsewhere' });
      await (await import('./check.js')).check(config, missing, pool, options);
    }),
  );

clientCommand('boot', 'Start machines by their drivers, the standby of a hot pool too, and wait until they answer')
  .argument('[pool]', 'one pool instead of all')
  .action((pool: string | undefined, options: ClientOptions) =>
    withConfig(options, async (config) => (await import('./boot.js')).boot(config, pool, options), 'drivers'),
  );

clientCommand('stop', 'Stop the machines of a pool; sessions that are only in their memory are lost')
  .argument('<pool>')
  .option('--force', 'also while a proxy or a restart uses them')
  .action((pool: string, options: ClientOptions & { force?: boolean }) =>
    run(options, async () => (await import('./stop.js')).stop(options, pool)),
  );

clientCommand('rejuvenate', 'Start a clean restart')
  .argument('<pool>', 'the pool to rejuvenate')
  .option('--watch', 'stay and show the steps until it has ended; joins one that runs already')
  .option('--reason <text>', 'why; shown in the Temporal UI')
  .action((pool: string, options: ClientOptions & { watch?: boolean; reason?: string }) =>
    withConfig(options, async (config) => (await import('./rejuvenate.js')).rejuvenate(config, pool, options)),
  );

decision('retry', 'Try the step of a restart or fail-over again that waits for an operator');
decision('skip', 'Go on without the step of a restart or fail-over that waits for an operator').addHelpText('after', skipHelp);
decision(
  'abort',
  'Give up and leave the pool as it was: a restart before the standby takes traffic, a fail-over before fence begins',
);

supervisorUpdate('approve', 'Let the restart or fail-over begin that waits for approval');
supervisorUpdate('reject', 'Drop the restart or fail-over that is wanted and has not begun');
supervisorUpdate('pause', 'Let the supervisor of a pool begin no restart and no fail-over until resume; one that runs goes on');
supervisorUpdate('resume', 'Let the supervisor of a pool go on after pause');

clientCommand('status', 'Show phase, roles, proxies, the restart that runs and the last one')
  .argument('[pool]', 'one pool instead of all')
  .action((pool: string | undefined, options: ClientOptions) =>
    withConfig(options, async (config) => (await import('./status.js')).status(config, pool, options)),
  );

clientCommand(
  'history',
  'Show what was done and decided of a pool, the latest last: restarts, fail-overs, and what its supervisor has answered',
)
  .argument('<pool>')
  .option('--limit <count>', 'only the latest so many, 50 unless said otherwise', givenCount)
  .action((pool: string, options: ClientOptions & HistoryOptions) =>
    withConfig(options, async (config) => (await import('./history.js')).history(config, pool, options)),
  );

clientCommand('deregister', 'Strike a proxy that is certainly gone from the register: steps wait for every proxy in it')
  .argument('<pool>')
  .argument('<incarnation>', 'as status shows it')
  .option('--force', 'also one that still runs; it ends itself then')
  .action((pool: string, incarnation: string, options: ClientOptions & { force?: boolean }) =>
    withConfig(options, async (config) => (await import('./deregister.js')).deregister(config, pool, incarnation, options)),
  );

clientCommand('samples', 'Print what was measured of a supervised pool, as replay-samples reads it')
  .argument('<pool>')
  .option('--hours <count>', 'only the last so many hours', givenHours)
  .action((pool: string, options: ClientOptions & SamplesOptions) =>
    withConfig(options, async (config) => (await import('./samples.js')).samples(config, pool, options)),
  );

plainCommand('replay-samples', 'Show when detection of aging would have fired over recorded samples, and why; asks no server')
  .argument(
    '<file>',
    'CSV with the header at,series,value, and limit, min, max and count besides, or JSON lines with these fields; - reads standard input',
  )
  .option('--policy <file>', 'YAML with what differs from the default policy')
  .option('--json', 'print JSON, one object per line')
  .action((file: string, options: ReplayOptions) =>
    run(options, async () => (await import('./replay-samples.js')).replaySamples(file, options)),
  );

// Who reads may go away, as `head` does or a terminal that is closed: that must not end a proxy with its traffic.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

function command(name: string, description: string): Command {
  return plainCommand(name, description)
    .option('-c, --config <file>', 'configuration file', process.env['VM_REJUV_CONFIG'] || 'vm-rejuv.yaml')
    .option('--json', 'print JSON, one object per line');
}

/** One without the options that the others share. */
function plainCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .configureOutput({ outputError: (text) => tellUsageError(text, `vm-rejuv ${name}`) });
}

function decision(name: Decision, description: string): Command {
  return clientCommand(name, description)
    .argument('<pool>')
    .option('--reason <text>', "why, and who says so; kept in the restart's history, and status shows that of an abort")
    .action((pool: string, options: ClientOptions & { reason?: string }) =>
      withConfig(options, async (config) => (await import('./decide.js')).decide(config, pool, name, options)),
    );
}

function supervisorUpdate(name: SupervisorUpdate, description: string): void {
  clientCommand(name, description)
    .argument('<pool>')
    .option('--reason <text>', "why, and who says so; kept in the supervisor's history")
    .action((pool: string, options: ClientOptions & { reason?: string }) =>
      withConfig(options, async (config) => (await import('./tell-supervisor.js')).tellSupervisor(config, pool, name, options)),
    );
}

/** The parser ends before it has said whether JSON is wanted. `command` is that whose help tells more. */
function tellUsageError(text: string, command: string): void {
  const message = text
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  fail(
    { json: process.argv.includes('--json') },
    new OperatorError('USAGE', `${message}.`, `See what there is: ${command} --help`),
  );
}

/** A command that asks running servers: those of the environment, or of `up` on this host. */
function clientCommand(name: string, description: string): Command {
  return command(name, description).option('--data <directory>', 'data directory of a running "up"', DATA_DIRECTORY);
}

async function run(options: OutputOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    fail(options, error);
  }
}

function orElse({ data }: ClientOptions): string {
  return `name by --data the data directory of a running "vm-rejuv up" of this host (${data} is none, or not readable)`;
}

/** Few of those who ask servers ask a hypervisor. */
function withConfig(
  options: ClientOptions,
  work: (config: Config) => Promise<void>,
  secrets: LoadOptions['secrets'] = 'none',
): Promise<void> {
  return run(options, () =>
    work(loadConfig(options.config, withConnections(options.data), { proxy: 'elsewhere', secrets, orElse: orElse(options) })),
  );
}

function givenName(text: string): string {
  if (!NAME.test(text)) throw new InvalidArgumentError(`Allowed: ${NAME_LIKE}`);
  return text;
}

function givenCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MOST_LINES) return count;
  throw new InvalidArgumentError(`Allowed: a whole number from 1 to ${MOST_LINES}.`);
}

function givenHours(text: string): number {
  const hours = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && hours > 0) return hours;
  throw new InvalidArgumentError('Allowed: a number above 0, such as 24 or 0.5.');
}

function givenAddress(text: string): ListenAddress {
  const address = parseAddress(text);
  if (address === null) throw new InvalidArgumentError(`Allowed: ${addressLike('127.0.0.1:8080')}`);
  return address;
}

function givenOrigin(text: string): string {
  const origin = parseOrigin(text);
  if (origin === null) throw new InvalidArgumentError(`Allowed: ${originLike('http://proxy-1:8081')}`);
  return origin;
}
