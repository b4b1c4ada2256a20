// What a demo plays with: servers, machines, proxy and worker, all running.

import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { ReadyChild } from '../embedded/child-process.js';
import type { Closing } from '../embedded/closing.js';
import type { Servers } from '../embedded/servers.js';
import { startTemporaryServers } from '../embedded/servers.js';
import { missingForTomcat } from '../embedded/tomcat-kit.js';
import { NETWORK } from '../guests/layout.js';
import { connectTemporal } from '../worker/temporal-client.js';
import { startGuestProxy } from './guest-proxy.js';
import { nodeGuests, tomcatGuests } from './guest-shop.js';
import { startHostFor } from './guest-stage.js';
import type { PoolFile } from './installation.js';
import { Installation } from './installation.js';
import { nodeShop } from './node-shop.js';
import type { DemoOptions } from './options.js';
import { tomcatShop } from './tomcat-shop.js';
import type { View } from './view.js';

export interface Scenery {
  app: DemoOptions['app'];
  servers: Servers;
  installation: Installation;
  client: Client;
  worker: ReadyChild;
  proxyUrl: string;
}

/** Starts everything but the load; `agingShop` makes the pool in place of the ordinary shop. */
export async function setScene(
  options: DemoOptions,
  view: View,
  signal: AbortSignal,
  closing: Closing,
  agingShop: ((directory: string) => Promise<PoolFile>) | null = null,
): Promise<Scenery> {
  const onProgress = (line: string): void => view.note(line);
  // Guests have a Java of their own.
  const app = options.machines === 'libvirt' ? options.app : await chooseApp(options.app, view);
  const host = options.machines === 'libvirt' ? await startHostFor(app, { onProgress, signal }, closing) : null;
  const alsoAt = host === null ? {} : { alsoAt: NETWORK };
  const servers = await startTemporaryServers({ purpose: 'demo', onProgress, signal, ...alsoAt });
  closing.add(() => servers.close());
  const { postgres, temporal } = servers;
  const directory = join(servers.directory, 'shop');
  const shops = {
    tomcat: () =>
      host ? tomcatGuests(host, postgres.url, { onProgress, signal }) : tomcatShop(directory, { onProgress, signal }),
    node: () => (host ? nodeGuests(host, postgres.url) : nodeShop(directory, postgres.url)),
  };
  const pool = await (agingShop === null ? shops[app]() : agingShop(directory));
  const installation = await Installation.create({
    ...{ directory, databaseUrl: postgres.url, temporalAddress: temporal.address },
    ...{ pool, port: options.port, signal },
  });
  closing.add(() => installation.close());
  const where = host === null ? '' : ' in virtual machines';
  view.note(`Starting ${app === 'tomcat' ? 'two Tomcats' : 'two Node servers'}${where}, the proxy and the worker`);
  await installation.bootMachines();
  const url = host ? await startGuestProxy(host, installation, signal) : (await installation.startProxy()).url;
  const worker = await installation.startWorker();
  const client = await connectTemporal(installation.config.temporal);
  closing.add(() => client.connection.close());
  view.note(
    `Application: ${url}/shop/cart    Temporal UI: ${temporal.uiUrl}    (files: ${servers.directory})${options.keep ? '' : ', until the demo ends'}`,
  );
  return { app, servers, installation, client, worker, proxyUrl: url };
}

async function chooseApp(wanted: DemoOptions['app'], view: View): Promise<DemoOptions['app']> {
  const missing = wanted === 'tomcat' ? await missingForTomcat() : null;
  if (missing === null) return wanted;
  view.note(
    `The command "${missing}" is missing, so the Node application is used, with its sessions in PostgreSQL (Tomcat needs a JDK 17 and Maven).`,
  );
  return 'node';
}
