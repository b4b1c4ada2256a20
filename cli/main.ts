#!/usr/bin/env -S node --max-semi-space-size=64
// vm-rejuv: the command line. The larger young generation (MiB) is worth 14 % of the proxy's speed: what a request leaves behind dies
// in it, instead of being moved to the old one (npm run bench:proxy).

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/load.js';
import type { Config, ListenAddress } from '../config/types.js';
import { startProxy } from '../proxy/start-proxy.js';
import { startWorker } from '../worker/start-worker.js';
import { boot } from './boot.js';
import { check } from './check.js';
import { DATA_DIRECTORY, withConnections } from './connections.js';
import { deregister } from './deregister.js';
import type { OutputOptions } from './output.js';
import { fail, print } from './output.js';
import { choosePool } from './pool-option.js';
import { rejuvenate } from './rejuvenate.js';
import { status } from './status.js';
import { untilToldToEnd } from './until-told.js';
import { up } from './up.js';
import { version } from './version.js';

interface CommonOptions extends OutputOptions {
  config: string;
}

interface ClientOptions extends CommonOptions {
  data: string;
}

interface ProxyOptions extends CommonOptions {
  pool?: string;
  name?: string;
  listen?: ListenAddress;
  admin?: ListenAddress;
  adminUrl?: string;
}

const program = new Command('vm-rejuv')
  .description('Rejuvenates aging application servers by clean restarts: no failed request, no lost session, no lost update.')
  .version(version(), '--version', 'print the version')
  .exitOverride()
  .showHelpAfterError('(--help shows what there is)');

command('up', 'Run everything here: proxy, worker, and PostgreSQL and Temporal unless their addresses are given')
  .option('--pool <name>', 'the pool that the proxy serves, when there are several')
  .option('--data <directory>', 'where embedded servers keep their data', DATA_DIRECTORY)
  .action((options: CommonOptions & { pool?: string; data: string }) => run(options, () => up(options)));

command('proxy', 'Run the proxy of one pool')
  .option('--pool <name>', 'the pool, when there are several')
  .option('--name <name>', 'name of this proxy, unique per pool')
  .option('--listen <host:port>', 'where clients connect', parseAddress)
  .option('--admin <host:port>', 'where workers, probes and Prometheus connect', parseAddress)
  .option('--admin-url <origin>', 'where workers reach the admin API, when that is not where it listens', parseOrigin)
  .action((options: ProxyOptions) =>
    run(options, async () => {
      const config = loadConfig(options.config);
      const proxy = await startProxy({
        config: {
          name: options.name ?? config.proxy.name,
          listen: options.listen ?? config.proxy.listen,
          admin: options.admin ?? config.proxy.admin,
          adminUrl: options.adminUrl ?? config.proxy.adminUrl,
          trustedPeers: config.proxy.trustedPeers,
        },
        pool: choosePool(config, options.pool),
        databaseUrl: config.database.url,
        adminToken: config.adminToken,
      });
      const { url, adminUrl, incarnation } = proxy;
      print(options, `Proxy ready at ${url} (admin API, health and metrics at ${adminUrl})`, {
        ready: true,
        url,
        adminUrl,
        incarnation,
      });
      await untilToldToEnd();
      await proxy.close();
    }),
  );

command('worker', 'Run the worker that carries out clean restarts').action((options: CommonOptions) =>
  run(options, async () => {
    const worker = await startWorker(loadConfig(options.config));
    print(options, 'Worker ready', { ready: true });
    await Promise.race([untilToldToEnd(), worker.done]);
    await worker.close();
  }),
);

clientCommand('check', 'Check configuration, servers, machines and session hand-over; changes no power')
  .argument('[pool]', 'one pool instead of all')
  .action((pool: string | undefined, options: ClientOptions) => withConfig(options, (config) => check(config, pool, options)));

clientCommand('boot', 'Start machines by their drivers, the standby of a hot pool too, and wait until they answer')
  .argument('[pool]', 'one pool instead of all')
  .action((pool: string | undefined, options: ClientOptions) => withConfig(options, (config) => boot(config, pool, options)));

clientCommand('rejuvenate', 'Start a clean restart')
  .argument('<pool>', 'the pool to rejuvenate')
  .option('--watch', 'stay and show the steps until it has ended; joins one that runs already')
  .option('--reason <text>', 'why; shown in the Temporal UI')
  .action((pool: string, options: ClientOptions & { watch?: boolean; reason?: string }) =>
    withConfig(options, (config) => rejuvenate(config, pool, options)),
  );

clientCommand('status', 'Show phase, roles, proxies, the restart that runs and the last one')
  .argument('[pool]', 'one pool instead of all')
  .action((pool: string | undefined, options: ClientOptions) => withConfig(options, (config) => status(config, pool, options)));

clientCommand('deregister', 'Strike a proxy that is certainly gone from the register: steps wait for every proxy in it')
  .argument('<pool>')
  .argument('<incarnation>', 'as status shows it')
  .action((pool: string, incarnation: string, options: ClientOptions) =>
    withConfig(options, (config) => deregister(config, pool, incarnation, options)),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file', process.env['VM_REJUV_CONFIG'] ?? 'vm-rejuv.yaml')
    .option('--json', 'print JSON, one object per line');
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

function withConfig(options: ClientOptions, work: (config: Config) => Promise<void>): Promise<void> {
  return run(options, () => work(loadConfig(options.config, withConnections(options.data))));
}

function parseAddress(text: string): ListenAddress {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError('Allowed: host:port, such as 127.0.0.1:8080.');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function parseOrigin(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/')
    throw new InvalidArgumentError('Allowed: an origin without path, such as http://proxy-1:8081.');
  return url.origin;
}
