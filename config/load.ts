// Reads vm-rejuv.yaml and the secrets it names: everything checked, every default applied, or CONFIG_INVALID with all complaints.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { complaints } from './complaints.js';
import { TEMPORAL_ADDRESS } from './defaults.js';
import { OperatorError } from './operator-error.js';
import type { ConfigFile } from './schema.js';
import { configSchema, resolvePaths } from './schema.js';
import type { Config, MachineConfig, PoolConfig, SessionsConfig } from './types.js';

type SessionsFile = ConfigFile['pools'][string]['sessions'];
type SecretReference = { env?: string | undefined; file?: string | undefined };

/**
 * Loads the configuration in `file`. Throws CONFIG_UNREADABLE, CONFIG_INVALID (a line per complaint: file, line, field, what was
 * found, what is allowed) or SECRET_MISSING.
 */
export function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = parse(file);
  const base = dirname(resolve(file));
  const { proxy, temporal, pools } = resolvePaths(parsed, base);
  const secret = (field: string, reference: SecretReference): string => readSecret(field, reference, base, env);
  return {
    proxy,
    temporal: { ...temporal, ...temporalAddress(temporal.address, env) },
    database: { url: databaseUrl(env) },
    adminToken: fromEnvironment('VM_REJUV_ADMIN_TOKEN', env),
    pools: Object.fromEntries(
      Object.entries(pools).map(([name, { sessions, machines, ...rest }]): [string, PoolConfig] => [
        name,
        {
          name,
          ...rest,
          machines: machines as [MachineConfig, MachineConfig],
          sessions: withSecrets(sessions, (field, reference) => secret(`pools.${name}.sessions.${field}`, reference)),
        },
      ]),
    ),
  };
}

function parse(file: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError(
      'CONFIG_UNREADABLE',
      `The configuration ${file} cannot be read.`,
      'Name the file by --config or VM_REJUV_CONFIG; docs/configuration.md has one to start from.',
      { cause },
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors.map((error) => `${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0] ?? ''}`);
  if (broken.length > 0) throw invalid(broken);
  const result = configSchema.safeParse(document.toJS() ?? {});
  if (!result.success) throw invalid(complaints(file, document, lines, result.error.issues));
  return result.data;
}

function invalid(lines: string[]): OperatorError {
  return new OperatorError(
    'CONFIG_INVALID',
    `The configuration has ${lines.length === 1 ? 'a mistake' : `${lines.length} mistakes`}:\n  ${lines.join('\n  ')}\n`,
    'Correct it; docs/configuration.md describes every field.',
  );
}

function withSecrets(sessions: SessionsFile, secret: (field: string, reference: SecretReference) => string): SessionsConfig {
  if (sessions.mechanism !== 'tomcat-swap') return sessions;
  const { manager, store, ...rest } = sessions;
  return {
    ...rest,
    store: store.type === 'file' ? store : { ...store, url: secret('store.url', store.url) },
    manager: { ...manager, password: secret('manager.password', manager.password) },
  };
}

function databaseUrl(env: NodeJS.ProcessEnv): string {
  const url = fromEnvironment('VM_REJUV_DATABASE_URL', env);
  if (/^postgres(ql)?:\/\/./.test(url)) return url;
  throw new OperatorError(
    'CONFIG_INVALID',
    'VM_REJUV_DATABASE_URL: found something else, allowed: postgres://user:password@host:port/database.',
    'Correct the variable or its file.',
  );
}

/** An empty variable says nothing, as in a shell's `VAR= command`. */
function temporalAddress(inFile: string | undefined, env: NodeJS.ProcessEnv): { address: string; addressIsGiven: boolean } {
  const given = env['VM_REJUV_TEMPORAL_ADDRESS'] || inFile;
  return { address: given ?? TEMPORAL_ADDRESS, addressIsGiven: given !== undefined };
}

function fromEnvironment(variable: string, env: NodeJS.ProcessEnv): string {
  const file = env[`${variable}_FILE`];
  return readSecret(variable, file === undefined ? { env: variable } : { file }, '.', env);
}

function readSecret(field: string, reference: SecretReference, base: string, env: NodeJS.ProcessEnv): string {
  if (reference.file === undefined) {
    const value = env[reference.env ?? ''];
    if (value) return value;
    const remedy = `Set the environment variable ${reference.env ?? ''}${field === reference.env ? `, or name a file in ${field}_FILE` : ''}.`;
    throw new OperatorError('SECRET_MISSING', `${field}: the secret is not there.`, remedy);
  }
  try {
    const secret = readFileSync(resolve(base, reference.file), 'utf8').trim();
    if (secret !== '') return secret;
  } catch (cause) {
    throw new OperatorError(
      'SECRET_MISSING',
      `${field}: the file ${reference.file} cannot be read.`,
      'Make it readable for this process.',
      { cause },
    );
  }
  throw new OperatorError('SECRET_MISSING', `${field}: the file ${reference.file} is empty.`, 'Write the secret into it.');
}
