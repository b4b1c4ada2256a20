// What comes from variables of the environment: addresses and secrets of servers, which differ from host to host. An empty variable
// says nothing, as in a shell's `VAR= command`.

import { addressLike, parseAddress } from './address.js';
import { TEMPORAL_ADDRESS } from './defaults.js';
import { OperatorError } from './operator-error.js';
import { NOT_SHOWN, readSecret, withoutUserInfo } from './secret.js';
import { wrongValue } from './wrong-value.js';

/** `orElse`: what an operator can do besides setting the variable; ends a sentence. */
export function databaseUrl(env: NodeJS.ProcessEnv, orElse: string | undefined): string {
  const url = fromEnvironment('VM_REJUV_DATABASE_URL', env, orElse);
  if (/^postgres(ql)?:\/\/./.test(url) && hasPossiblePort(url)) return url;
  throw wrongVariable('VM_REJUV_DATABASE_URL', NOT_SHOWN, 'postgres://user:password@host:port/database');
}

/** The rest is for PostgreSQL's client to judge, which takes more than URLs. */
function hasPossiblePort(url: string): boolean {
  const [, port] = /^\w+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(url) ?? [];
  return port === undefined || parseAddress(`host:${port}`) !== null;
}

export function temporalAddress(
  inFile: string | undefined,
  env: NodeJS.ProcessEnv,
): { address: string; addressIsGiven: boolean } {
  const variable = 'VM_REJUV_TEMPORAL_ADDRESS';
  const inVariable = env[variable];
  if (inVariable && parseAddress(inVariable) === null)
    throw wrongVariable(variable, withoutUserInfo(JSON.stringify(inVariable)), addressLike(TEMPORAL_ADDRESS));
  const given = inVariable || inFile;
  return { address: given ?? TEMPORAL_ADDRESS, addressIsGiven: given !== undefined };
}

function wrongVariable(variable: string, found: string, allowed: string): OperatorError {
  return wrongValue(variable, found, allowed, 'Correct the variable or its file.');
}

/** It stands in a header, whose value is visible ASCII (RFC 9110, section 5.5) and is taken apart at white space. */
export function adminToken(env: NodeJS.ProcessEnv, orElse: string | undefined): string {
  const token = fromEnvironment('VM_REJUV_ADMIN_TOKEN', env, orElse);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw wrongVariable('VM_REJUV_ADMIN_TOKEN', NOT_SHOWN, 'visible ASCII characters without white space');
}

/** Whether an environment has this secret, itself or in a file. */
export function isGiven(variable: 'VM_REJUV_DATABASE_URL' | 'VM_REJUV_ADMIN_TOKEN', env: NodeJS.ProcessEnv): boolean {
  return Boolean(env[variable] || env[`${variable}_FILE`]);
}

/** The environment with words in place of secrets that are not there or wrong, and why, for who goes on all the same. */
export function withoutBadSecrets(
  env: NodeJS.ProcessEnv,
  orElse: string | undefined,
): { env: NodeJS.ProcessEnv; database: OperatorError | null; token: OperatorError | null } {
  const database = complaintOf(() => databaseUrl(env, orElse));
  const token = complaintOf(() => adminToken(env, orElse));
  const left = { ...env };
  if (database !== null) for (const name of ['', '_FILE']) delete left[`VM_REJUV_DATABASE_URL${name}`];
  if (token !== null) for (const name of ['', '_FILE']) delete left[`VM_REJUV_ADMIN_TOKEN${name}`];
  return { env: withPlaceholders(left), database, token };
}

function complaintOf(read: () => string): OperatorError | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
}

/** The environment, with words in place of these secrets where it has none: for who goes without, or makes them later. */
export function withPlaceholders(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(isGiven('VM_REJUV_DATABASE_URL', env) ? {} : { VM_REJUV_DATABASE_URL: 'postgres://not-given' }),
    ...(isGiven('VM_REJUV_ADMIN_TOKEN', env) ? {} : { VM_REJUV_ADMIN_TOKEN: 'not-given' }),
  };
}

function fromEnvironment(variable: string, env: NodeJS.ProcessEnv, orElse: string | undefined): string {
  const file = env[`${variable}_FILE`];
  return readSecret(variable, file ? { file } : { env: variable }, '.', env, orElse);
}
