// What an operator relies on in docker-compose.yml, one check each: what is wrong, in sentences; nothing when all is well.

import { parse } from 'yaml';

interface Service {
  image?: string;
  build?: unknown;
  restart?: string;
  command?: string | string[];
  ports?: unknown[];
  environment?: Record<string, unknown> | string[];
  healthcheck?: unknown;
  depends_on?: Record<string, { condition?: string }> | string[];
}

type Services = Record<string, Service>;

/** The only port that others may reach: clients connect there. */
const CLIENT_PORT = 8080;
const SECRET = /\$\{([A-Z_]*(?:PASSWORD|TOKEN|SECRET|KEY)[A-Z_]*)([^}]*)\}/g;

export const checks = { pinned, noDefaultSecrets, onlyClientsReach, staysUp, knowsItsDependencies, commandsExist };

function pinned(text: string): string[] {
  return entries(text).flatMap(([name, { image }]) =>
    image !== undefined && /^[^:@]+(:\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$/.test(image)
      ? []
      : [`${name} runs ${image ?? 'an image without a name'}, which names no version.`],
  );
}

/** Refused while missing, or optional and then empty; and never written down. */
function noDefaultSecrets(text: string): string[] {
  const defaults = [...text.matchAll(SECRET)].flatMap(([whole, , rest = '']) =>
    rest === ':-' || /^:\?.*\.env/.test(rest) ? [] : [`${whole} has a default, or does not say where it is filled in.`],
  );
  const written = entries(text).flatMap(([name, { environment }]) =>
    variables(environment).flatMap(([variable, value]) => {
      const secret = /PASSWORD|PWD|TOKEN|SECRET|_KEY$/.test(variable) || /:\/\/[^/@]*:[^/@]*@/.test(value);
      return secret && !value.includes('${') ? [`${name} has ${variable} written into the file.`] : [];
    }),
  );
  return [...defaults, ...written];
}

function onlyClientsReach(text: string): string[] {
  return entries(text).flatMap(([name, { ports = [] }]) =>
    ports
      .filter(
        (port) => port !== `${CLIENT_PORT}:${CLIENT_PORT}` && !(typeof port === 'string' && /^127\.0\.0\.1:\d+:\d+$/.test(port)),
      )
      .map((port) => `${name} publishes ${JSON.stringify(port)} beyond loopback.`),
  );
}

/** What nobody waits for to complete is meant to run for good. */
function staysUp(text: string): string[] {
  const oneShots = dependencies(text, 'service_completed_successfully');
  return entries(text).flatMap(([name, { restart }]) => {
    if (oneShots.has(name)) return restart === undefined ? [] : [`${name} completes, yet it is restarted.`];
    return restart === 'unless-stopped' || restart === 'always' ? [] : [`${name} stays down when it has ended.`];
  });
}

function knowsItsDependencies(text: string): string[] {
  const services = Object.fromEntries(entries(text));
  const needHealth = dependencies(text, 'service_healthy');
  return entries(text).flatMap(([name, { depends_on: needs = {} }]) => {
    if (Array.isArray(needs)) return [`${name} does not say in which state it needs ${needs.join(', ')}.`];
    return Object.entries(needs).flatMap(([needed, { condition }]) => {
      if (services[needed] === undefined) return [`${name} needs ${needed}, which is not there.`];
      if (condition !== 'service_healthy' && condition !== 'service_completed_successfully')
        return [`${name} needs ${needed} only to have been started.`];
      const blind = needHealth.has(needed) && services[needed].healthcheck === undefined;
      return blind ? [`${needed} has no health check, and ${name} waits for it.`] : [];
    });
  });
}

/** What our own image runs, against the commands of cli/main.ts. */
function commandsExist(text: string, cli: string): string[] {
  const known = new Set([...cli.matchAll(/\bcommand\('([\w-]+)'/g)].map(([, name]) => name));
  return entries(text)
    .filter(([, { build }]) => build !== undefined)
    .flatMap(([name, { command }]) => {
      const [first] = typeof command === 'string' ? command.split(' ') : (command ?? []);
      return first !== undefined && known.has(first) ? [] : [`${name} runs "${first ?? ''}", which is no command.`];
    });
}

function entries(text: string): [string, Service][] {
  return Object.entries((parse(text, { merge: true }) as { services: Services }).services);
}

function dependencies(text: string, condition: string): Set<string> {
  return new Set(
    entries(text).flatMap(([, { depends_on: needs = {} }]) =>
      Array.isArray(needs) ? [] : Object.keys(needs).filter((needed) => needs[needed]?.condition === condition),
    ),
  );
}

function variables(environment: Service['environment'] = {}): [string, string][] {
  const all: [string, unknown][] = Array.isArray(environment)
    ? environment.map((line): [string, string] => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)])
    : Object.entries(environment);
  return all.map(([name, value]) => [name, String(value)]);
}
