// Starts a proxy for one pool: register, load, serve, in this order.

import { randomUUID } from 'node:crypto';
import { METHODS } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import httpProxy from '@fastify/http-proxy';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { codeOf } from '../config/error-code.js';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { Config, ListenAddress, PoolConfig, ProxyConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { machineUnknown } from '../state/errors.js';
import { loadSessionKeyHash } from '../state/installation.js';
import { migrate } from '../state/migrate.js';
import { listenForChanges } from '../state/notifications.js';
import { ensurePool } from '../state/pool.js';
import { currentProcess, isOfThisHost, isProvedDead } from '../state/process-identity.js';
import { deregisterProxy, endProxy, endUncleanly, liveProxies, registerProxy } from '../state/proxy-register.js';
import { createAdmin } from './admin.js';
import { refuseCompanions, untilNobodyStarts } from './companions.js';
import { forward } from './forward.js';
import { PoolTraffic } from './pool-traffic.js';
import { trustedPeers } from './trusted-peers.js';
import { forwardUpgrade } from './upgrade.js';

/** A proxy that is told to end waits this long for running requests. Chosen. */
const DRAIN_MS = 10_000;

/** What of the configuration every proxy needs. */
export type ProxyInstallation = Pick<Config, 'proxy' | 'database' | 'adminToken'>;

export interface RunningProxy {
  url: string;
  adminUrl: string;
  incarnation: string;
  /** Resolves with PROXY_STRUCK when somebody else has ended this incarnation in the register: close it then. */
  struck: Promise<OperatorError>;
  /** Stops taking requests, lets running ones finish (bounded), leaves the register. */
  close(): Promise<void>;
}

/** Resolves when it serves `pool`; what it cannot do without is thrown, and nothing is left open. */
export async function startProxy(installation: ProxyInstallation, pool: PoolConfig): Promise<RunningProxy> {
  const { url } = installation.database;
  await migrate(url);
  const database = openDatabase(url);
  try {
    return await start(installation, pool, database);
  } catch (error) {
    await database.end();
    throw error;
  }
}

async function start(
  { proxy: config, database: { url: databaseUrl }, adminToken }: ProxyInstallation,
  pool: PoolConfig,
  database: Database,
): Promise<RunningProxy> {
  const row = await ensurePool(database, pool);
  for (const machine of [row.active, row.standby]) mustBeConfigured(pool, machine);
  const incarnation = randomUUID();
  const hash = await loadSessionKeyHash(database);
  let onStruck = (): void => undefined;
  const struck = new Promise<OperatorError>((resolve) => (onStruck = () => resolve(proxyStruck(pool.name, config.name))));
  const traffic = new PoolTraffic(pool, database, hash, trustedPeers(config.trustedPeers), incarnation, onStruck);
  let ready = false;

  const admin = createAdmin({ traffic, incarnation, name: config.name, token: adminToken, isReady: () => ready });
  const server = await createServer(traffic);
  const cleanups: (() => Promise<unknown>)[] = [() => traffic.close(), () => admin.close()];
  try {
    const listening = await listen(admin, config.admin, 'proxy.admin');
    const adminUrl = config.adminUrl ?? listening;
    const starting = await untilNobodyStarts(databaseUrl, pool.name);
    cleanups.unshift(() => starting.resign());
    await endPredecessors(database, pool.name, config.name, adminUrl);
    await refuseCompanions(database, pool, config, adminToken);
    await registerProxy(database, pool.name, { incarnation, name: config.name, adminUrl, ...currentProcess() });
    // With a request still running at a machine this is no good end: for its time-out nobody may take a session for quiet.
    cleanups.unshift(() =>
      traffic.inFlight.size > 0
        ? endUncleanly(database, pool.name, incarnation)
        : deregisterProxy(database, pool.name, incarnation),
    );
    await traffic.sync.reload();
    const notifications = listenForChanges(databaseUrl, (changed) => {
      if (changed === null || changed === pool.name) void traffic.sync.reload().catch(() => undefined);
    });
    cleanups.unshift(() => notifications.close());
    const url = await listen(server, config.listen, 'proxy.listen');
    ready = true;
    await starting.resign();
    return {
      url,
      adminUrl,
      incarnation,
      struck,
      async close() {
        ready = false;
        traffic.isClosing = true;
        const closing = server.close();
        server.server.closeIdleConnections();
        traffic.inFlight.closeStreams();
        const isBusy = (): boolean => traffic.inFlight.answerable > 0 || traffic.waiting > 0;
        for (const end = performance.now() + DRAIN_MS; isBusy() && performance.now() < end;) await sleep(20);
        server.server.closeAllConnections();
        await closing;
        await inOrder([...cleanups, () => database.end()]);
      },
    };
  } catch (error) {
    await inOrder([() => server.close(), ...cleanups]);
    throw error;
  }
}

async function createServer(traffic: PoolTraffic): Promise<FastifyInstance> {
  const server = Fastify({
    logger: false,
    // The router sees one path: odd but legal targets are the application's business. They are forwarded as they came.
    rewriteUrl: () => '/',
    requestTimeout: 0,
    // A connection that is kept serves on until the proxy ends: nothing is refused for a restart of it.
    return503OnClosing: false,
    keepAliveTimeout: 72_000,
    exposeHeadRoutes: false,
  });
  const methods = METHODS.filter((method) => method !== 'CONNECT');
  for (const method of methods) server.addHttpMethod(method, { hasBody: true, overrideExisting: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.addHook('onRequest', (request, _reply, next) => {
    // Fastify answers a malformed type with 415; the application may know better. The raw headers keep it.
    const type = request.headers['content-type'];
    if (type !== undefined && !/^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+/.test(type))
      request.headers['content-type'] = 'application/octet-stream';
    next();
  });
  await server.register(httpProxy, {
    upstream: '',
    httpMethods: methods,
    proxyPayloads: false,
    replyOptions: { getUpstream: () => 'http://127.0.0.1' },
    handler: (request, reply) => {
      reply.hijack();
      request.raw.url = request.originalUrl;
      forward(traffic, request.raw, reply.raw);
    },
  });
  server.server.on('upgrade', (request, socket, head) => forwardUpgrade(server.server, traffic, request, socket, head));
  const connections = new WeakSet<Socket>();
  server.server.on('connection', (socket) => {
    // A connection whose upgrade was declined comes again.
    if (connections.has(socket)) return;
    connections.add(socket);
    socket.once('close', () => traffic.clientClosed(socket));
  });
  return server;
}

/** Throws PORT_TAKEN or ADDRESS_UNUSABLE when a proxy could not listen as configured. */
export async function mustBeFree({ listen: clients, admin }: Pick<ProxyConfig, 'listen' | 'admin'>): Promise<void> {
  for (const [address, field] of [
    [clients, 'proxy.listen'],
    [admin, 'proxy.admin'],
  ] as const) {
    const server = Fastify();
    await listen(server, address, field).finally(() => server.close());
  }
}

async function listen(server: FastifyInstance, address: ListenAddress, field: string): Promise<string> {
  try {
    await server.listen(address);
  } catch (error) {
    throw cannotListen(address, field, error);
  }
  const { address: host, port } = server.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function proxyStruck(pool: string, name: string): OperatorError {
  return new OperatorError(
    'PROXY_STRUCK',
    `Somebody has struck proxy ${name} from the register of pool ${pool}, so no restart waits for it any more.`,
    'Start it again: it then counts as a new one.',
  );
}

function cannotListen({ host, port }: ListenAddress, field: string, cause: unknown): OperatorError {
  const code = codeOf(cause);
  const remedy = `End what listens there or change ${field}, or the option that was given in its place.`;
  return code === 'EADDRINUSE'
    ? new OperatorError('PORT_TAKEN', `${field}: port ${port} is taken.`, remedy, { cause })
    : new OperatorError('ADDRESS_UNUSABLE', `${field}: nobody can listen at ${host}:${port} (${code}).`, remedy, { cause });
}

function mustBeConfigured(pool: PoolConfig, machine: string): void {
  if (pool.machines.some(({ name }) => name === machine)) return;
  throw machineUnknown(pool.name, machine);
}

/** Does all of it, whatever fails: what is left open would keep the process alive. */
async function inOrder(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const step of steps) {
    await step().catch((error: unknown) => {
      console.error(`While ending the proxy: ${describeError(error)}`);
    });
  }
}

/** An earlier incarnation of this proxy on this host that is gone without goodbye holds up every step that needs all proxies. */
async function endPredecessors(database: Database, pool: string, name: string, adminUrl: string): Promise<void> {
  for (const proxy of await liveProxies(database, pool)) {
    // A container that is started again has no pid of its predecessor to look for, but its host name and, now ours, its address.
    const isReplaced = isOfThisHost(proxy) && proxy.adminUrl === adminUrl;
    if (proxy.name === name && (isProvedDead(proxy) || isReplaced)) await endProxy(database, pool, proxy.incarnation);
  }
}
