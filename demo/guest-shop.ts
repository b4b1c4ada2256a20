// The shop as a pool of two virtual machines: the same Tomcat or Node application, in guests of libvirt.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createTomcatBase } from '../embedded/tomcat-base.js';
import { provideTomcat } from '../embedded/tomcat-kit.js';
import { DIST_IN_GUEST, JAVA_IN_GUEST, TOMCAT_IN_GUEST } from '../guests/content.js';
import type { GuestHost } from '../guests/guest-host.js';
import { driverOf } from '../guests/guest-host.js';
import type { GuestPlace } from '../guests/layout.js';
import { fromGuests, NETWORK, PORTS, SERVERS } from '../guests/layout.js';
import type { PoolFile } from './installation.js';
import { nodeEnvironment, nodePool } from './node-shop.js';
import { createSessionTables } from './session-tables.js';
import type { TomcatShopOptions } from './tomcat-shop.js';
import { sessionTableOf, tomcatPool } from './tomcat-shop.js';

/** An emulated Tomcat answers after about 20 s; two that boot at once on two cores need twice that. Chosen. */
const BOOT_TIMEOUT_MS = 300_000;
/** What an emulated guest has not finished after a tenth of a second, it often has after half of one. Chosen. */
const LIMITS = { holdBudgetMs: 500 };
/** The JVM has half of a guest's memory; jars are not searched for what the shop does not have. */
export const START_TOMCAT = `cd /srv/base
{ cat ${TOMCAT_IN_GUEST.home}/conf/catalina.properties; echo 'tomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar'; } > conf/catalina.properties
export JAVA_HOME=${JAVA_IN_GUEST} CATALINA_HOME=${TOMCAT_IN_GUEST.home} CATALINA_BASE=/srv/base
export CATALINA_OPTS='-Xms128m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Djava.security.egd=file:/dev/urandom'
exec sh ${TOMCAT_IN_GUEST.home}/bin/catalina.sh run
`;

/** Sessions are in tables of PostgreSQL on the host, one for each Tomcat. */
export async function tomcatGuests(host: GuestHost, databaseUrl: string, options: TomcatShopOptions = {}): Promise<PoolFile> {
  const { onProgress = () => undefined, signal = new AbortController().signal } = options;
  const kit = await provideTomcat(onProgress, signal);
  const managerPassword = randomBytes(18).toString('base64url');
  await createSessionTables(databaseUrl, 'tomcat/data-source-store');
  const machine = async (place: GuestPlace): Promise<void> => {
    const { name } = place;
    await createTomcatBase({
      ...{ kit, base: join(host.filesOf(place), 'base'), managerPassword, jvmRoute: name },
      ...{ address: '0.0.0.0', port: PORTS.application, war: TOMCAT_IN_GUEST.war },
      worker: NETWORK.address,
      store: { type: 'data-source', url: fromGuests(databaseUrl), table: sessionTableOf(name) },
    });
    await host.define(place, 'tomcat', START_TOMCAT);
  };
  for (const place of SERVERS) await machine(place);
  return tomcatGuestPool(databaseUrl, managerPassword);
}

/** The pool of these two machines, with their tables in this database as the worker reaches it. */
export function tomcatGuestPool(databaseUrl: string, managerPassword: string): PoolFile {
  const machine = (place: GuestPlace): Record<string, unknown> => ({
    ...at(place),
    ...{ sessionTable: sessionTableOf(place.name), driver: driverOf(place) },
  });
  const pool = tomcatPool([machine(SERVERS[0]), machine(SERVERS[1])], managerPassword, {
    sessionsUrl: databaseUrl,
    bootTimeoutMs: BOOT_TIMEOUT_MS,
  });
  return { ...pool, pool: { ...pool.pool, limits: LIMITS } };
}

export async function nodeGuests(host: GuestHost, databaseUrl: string): Promise<PoolFile> {
  await createSessionTables(databaseUrl, 'node');
  const environment = nodeEnvironment({ host: '0.0.0.0', port: PORTS.application }, fromGuests(databaseUrl));
  const exported = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`);
  const start = `${exported.join('')}exec node ${DIST_IN_GUEST}/demo/node-app/main.js\n`;
  const machine = async (place: GuestPlace): Promise<Record<string, unknown>> => ({
    ...at(place),
    driver: await host.define(place, 'node', start),
  });
  return nodePool([await machine(SERVERS[0]), await machine(SERVERS[1])], BOOT_TIMEOUT_MS);
}

function at({ name, address }: GuestPlace): { name: string; url: string } {
  return { name, url: `http://${address}:${PORTS.application}` };
}
