// Reads vm-rejuv.yaml and the secrets it names: everything checked, every default applied, or CONFIG_INVALID with all complaints.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ADMIN_URL_NEEDED, needsAdminUrl } from './admin-url.js';
import { sessionIds } from './customary-ids.js';
import { adminToken, databaseUrl, temporalAddress } from './environment.js';
import { codeOf } from './error-code.js';
import { OperatorError } from './operator-error.js';
import { isAddressOf } from './origin.js';
import { resolvePaths } from './resolve-paths.js';
import type { ConfigFile } from './schema.js';
import { configSchema } from './schema.js';
import type { SecretReference } from './secret.js';
import { readSecret } from './secret.js';
import type { Config, MachineConfig, PoolConfig, ProxyConfig, SessionsConfig } from './types.js';
import { wrongValue } from './wrong-value.js';
import { checkYaml } from './yaml-file.js';

const ADMIN_APART = 'another address than proxy.listen: who reaches one must not reach the other';

type SessionsFile = ConfigFile['pools'][string]['sessions'];
type DriverFile = ConfigFile['pools'][string]['machines'][number]['driver'];

export interface LoadOptions {
  /** What the command line says of the proxy, which wins over the file; 'elsewhere' when this process starts none. */
  proxy?: { [Field in keyof ProxyConfig]?: ProxyConfig[Field] | undefined } | 'elsewhere';
  /** Whose passwords this process needs: a proxy, and most commands, ask neither servers nor hypervisors. The others are empty. */
  secrets?: 'all' | 'drivers' | 'none';
  /** What else an operator can do where the database's url or the admin token is missing; ends a sentence. */
  orElse?: string;
}

/**
 * Loads the configuration in `file`. Throws CONFIG_UNREADABLE, CONFIG_INVALID (a line per complaint: file, line, field, what was
 * found, what is allowed) or SECRET_MISSING.
 */
export function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env, options: LoadOptions = {}): Config {
  const { parsed, complain } = parse(file);
  const base = dirname(resolve(file));
  const { proxy: inFile, temporal, pools } = resolvePaths(parsed, base);
  const proxy = options.proxy === 'elsewhere' ? inFile : completed(inFile, options.proxy ?? {});
  // Several proxies may share a file that only their command lines complete; whoever starts none has no use for the field.
  const given = options.proxy === 'elsewhere' ? {} : (options.proxy ?? {});
  if (options.proxy !== 'elsewhere' && needsAdminUrl(proxy)) {
    throw given.admin === undefined
      ? complain(['proxy', 'adminUrl'], ADMIN_URL_NEEDED)
      : wrongOption('--admin-url', 'nothing', ADMIN_URL_NEEDED);
  }
  const { listen, admin } = proxy;
  if (listen.port !== 0 && listen.port === admin.port && listen.host === admin.host) {
    throw given.admin === undefined && given.listen === undefined
      ? complain(['proxy', 'admin'], ADMIN_APART)
      : wrongOption('--admin', `${admin.host}:${admin.port}`, ADMIN_APART);
  }
  const looped = Object.values(pools).flatMap(({ machines }) => machines.filter(({ url }) => isAddressOf(listen, url)))[0];
  if (looped !== undefined && options.proxy !== 'elsewhere') {
    const allowed = `another address than ${looped.url}, the url of machine ${looped.name}: the proxy would send requests to itself`;
    throw given.listen === undefined
      ? complain(['proxy', 'listen'], allowed)
      : wrongOption('--listen', `${listen.host}:${listen.port}`, allowed);
  }
  const { secrets = 'all' } = options;
  const secret = (field: string, reference: SecretReference, isNeeded: boolean): string =>
    isNeeded ? readSecret(field, reference, base, env) : '';
  return {
    proxy,
    temporal: { ...temporal, ...temporalAddress(temporal.address, env) },
    database: { url: databaseUrl(env, options.orElse) },
    adminToken: adminToken(env, options.orElse),
    pools: Object.fromEntries(
      Object.entries(pools).map(([name, { sessions, sessionId, machines, ...rest }]): [string, PoolConfig] => [
        name,
        {
          name,
          ...rest,
          sessionId: sessionIds(sessions.mechanism, sessionId),
          machines: machines.map(({ driver, ...machine }) => ({
            ...machine,
            driver: withDriverSecrets(driver, (field, reference) =>
              secret(`pools.${name}.machines.${machine.name}.driver.${field}`, reference, secrets !== 'none'),
            ),
          })) as [MachineConfig, MachineConfig],
          sessions: withSecrets(sessions, (field, reference) =>
            secret(`pools.${name}.sessions.${field}`, reference, secrets === 'all'),
          ),
        },
      ]),
    ),
  };
}

function parse(file: string): { parsed: ConfigFile; complain: (path: string[], allowed: string) => OperatorError } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError(
      'CONFIG_UNREADABLE',
      `The configuration ${file} cannot be read (${codeOf(cause)}).`,
      'Name the file by --config or VM_REJUV_CONFIG; docs/configuration.md has one to start from.',
      { cause },
    );
  }
  const { data, complain } = checkYaml(file, text, configSchema, {
    broken: (line) => invalid([line]),
    mistaken: invalid,
    pageOf,
  });
  return { parsed: data, complain };
}

/** Detection is documented where it is explained. */
function pageOf([, , ...inPool]: readonly PropertyKey[]): string {
  return inPool[0] === 'monitor' && inPool[1] === 'detection' ? 'docs/detection.md' : 'docs/configuration.md';
}

function wrongOption(option: string, found: string, allowed: string): OperatorError {
  return wrongValue(option, found, allowed, 'Correct the option, or the file.');
}

function invalid(lines: string[]): OperatorError {
  return new OperatorError(
    'CONFIG_INVALID',
    `The configuration has ${lines.length === 1 ? 'a mistake' : `${lines.length} mistakes`}:\n  ${lines.join('\n  ')}\n`,
    'Correct it; docs/configuration.md describes every field.',
  );
}

function completed(inFile: ProxyConfig, given: Exclude<LoadOptions['proxy'], 'elsewhere' | undefined>): ProxyConfig {
  return {
    name: given.name ?? inFile.name,
    listen: given.listen ?? inFile.listen,
    admin: given.admin ?? inFile.admin,
    adminUrl: given.adminUrl ?? inFile.adminUrl,
    trustedPeers: given.trustedPeers ?? inFile.trustedPeers,
    balancedBySession: given.balancedBySession ?? inFile.balancedBySession,
  };
}

/** Whatever names a secret, at any depth, has the secret in its place. */
function withSecrets(sessions: SessionsFile, secret: (field: string, reference: SecretReference) => string): SessionsConfig {
  const told = (value: unknown, path: string[]): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    if ('env' in value || 'file' in value) return secret(path.join('.'), value as SecretReference);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, told(inner, [...path, name])]));
  };
  return told(sessions, []) as SessionsConfig;
}

function withDriverSecrets(
  driver: DriverFile,
  secret: (field: string, reference: SecretReference) => string,
): MachineConfig['driver'] {
  return driver.type === 'vsphere' ? { ...driver, password: secret('password', driver.password) } : driver;
}
