// What one WildFly tells of a web application's sessions, and of what keeps them.

import { z } from 'zod';
import { OperatorError } from '../../../config/operator-error.js';
import { notMovable } from '../../errors.js';
import type { WildflyManagement } from './wildfly-management.js';
import { attribute, resource } from './wildfly-management.js';
import { workersOf } from './wildfly-workers.js';

const text = z.string();
const count = z.number();
const nullable = z.string().nullable();

const sessionManagement = z.object({ 'cache-container': z.string(), cache: nullable });
const remoteManagement = z.object({ 'remote-cache-container': z.string(), granularity: z.string(), marshaller: z.string() });
const distributableWeb = z.object({
  'default-session-management': z.string(),
  'infinispan-session-management': z.record(z.string(), sessionManagement).nullish(),
  'hotrod-session-management': z.record(z.string(), remoteManagement).nullish(),
});
const cacheConfiguration = z.object({
  owners: z.number().optional(),
  component: z.object({ transaction: z.object({ mode: z.string() }) }),
});
const containerConfiguration = z.object({
  'default-cache': nullable,
  'distributed-cache': z.record(z.string(), cacheConfiguration).nullish(),
  'replicated-cache': z.record(z.string(), cacheConfiguration).nullish(),
});

/** What keeps an application's sessions: caches of the cluster, or remote ones. */
export interface Keeper {
  kind: 'cluster' | 'store';
  container: string;
}

/** A node of the cluster that keeps a container's caches. */
export interface ClusterNode {
  name: string;
  coordinator: string;
}

export class WildflyState {
  private readonly application: readonly string[];
  private workers: readonly string[] | null = null;

  /** Of the machine. */
  readonly name: string;

  constructor(
    readonly management: WildflyManagement,
    private readonly deployment: string,
  ) {
    this.name = management.machine.name;
    this.application = ['deployment', deployment, 'subsystem', 'undertow'];
  }

  /** Refuses, with what to change, where sessions of the application are not where another machine can share them. */
  async keeper(signal: AbortSignal): Promise<Keeper> {
    const { management, deployment, name } = this;
    const state = await management.ask(attribute([], 'suspend-state'), text, signal);
    if (state !== 'RUNNING') {
      throw notMovable(
        `WildFly on machine ${name} does not serve: its suspend-state is ${String(state)}.`,
        'Let it run, or resume it.',
      );
    }
    if ((await management.ask(attribute(this.application, 'context-root'), text, signal)) === null) {
      throw notMovable(
        `WildFly on machine ${name} has no web application ${deployment}.`,
        'Deploy it, or correct sessions.deployment.',
      );
    }
    const web = await this.web(signal);
    const named = web?.['default-session-management'] ?? '';
    const remote = web?.['hotrod-session-management']?.[named]?.['remote-cache-container'];
    const keeper = web?.['infinispan-session-management']?.[named];
    if (remote !== undefined) {
      const cache = ['subsystem', 'infinispan', 'remote-cache-container', remote, 'remote-cache', deployment];
      // Of an application that is not distributable there is none.
      if ((await management.ask(resource(cache), z.unknown(), signal)) === null) throw this.undistributed();
      return { kind: 'store', container: remote };
    }
    if (keeper === undefined) {
      throw notMovable(
        `WildFly on machine ${name} does not keep sessions in Infinispan.`,
        'Use the profile standalone-ha.xml, or a hotrod-session-management: docs/servers/README.md.',
      );
    }
    const container = keeper['cache-container'];
    await this.mustBeShared(container, keeper.cache, signal);
    if ((await this.entries(container, signal)) === null) throw this.undistributed();
    return { kind: 'cluster', container };
  }

  /** How many entries the application's cache has on this node, or null where there is no such cache. */
  entries(container: string, signal: AbortSignal): Promise<number | null> {
    return this.management.ask(attribute(this.cache(container), 'number-of-entries'), count, signal);
  }

  async node(container: string, signal: AbortSignal): Promise<ClusterNode> {
    const of = (name: string): Promise<string | null> =>
      this.management.ask(attribute(['subsystem', 'infinispan', 'cache-container', container], name), nullable, signal);
    return { name: (await of('local-address')) ?? '', coordinator: (await of('coordinator-address')) ?? '' };
  }

  /** How the application and its session cookie are named. Texts that are alike mean the same. */
  async naming(signal: AbortSignal): Promise<Record<'context-root' | 'session-cookie', string>> {
    const root = await this.management.ask(attribute(this.application, 'context-root'), text, signal);
    const containers = ['subsystem', 'undertow', 'servlet-container', '*', 'setting', 'session-cookie'];
    const cookies = await this.management.ask(resource(containers), z.unknown(), signal);
    return { 'context-root': root ?? '', 'session-cookie': JSON.stringify(cookies) };
  }

  /** Threads of the server's at work for requests, and then locks held on sessions of the application; the second is looked at after the first. */
  async work(container: string, signal: AbortSignal): Promise<{ threads: number; locks: number }> {
    this.workers ??= await workersOf(this.management, signal);
    const threads = this.workers.map((worker) => attribute(['subsystem', 'io', 'worker', worker], 'busy-task-thread-count'));
    const locks = attribute([...this.cache(container), 'component', 'locking'], 'number-of-locks-held');
    const answers = await this.management.askAll([...threads, locks], count, signal);
    const busy = answers.slice(0, threads.length);
    // Where nobody tells, nothing is at rest.
    return {
      threads: busy.length === 0 ? NaN : busy.reduce<number>((sum, one) => sum + (one ?? NaN), 0),
      locks: answers.at(-1) ?? NaN,
    };
  }

  /** Ids of the sessions that this node is the first to keep: those of all nodes are all there are. */
  async sessionIds(signal: AbortSignal): Promise<string[]> {
    const list = { operation: 'list-sessions', address: this.application };
    return (await this.management.ask(list, z.array(z.string()), signal)) ?? [];
  }

  /**
   * Waits for the lock that a request has of its session until it has committed, session after session. False where that was not done
   * within `limitMs`, or the server has given up on one.
   */
  async awaitLocks(ids: readonly string[], limitMs: number, signal: AbortSignal): Promise<boolean> {
    const operation = 'get-session-last-accessed-time-millis';
    const steps = ids.map((id) => ({ operation, address: this.application, 'session-id': id }));
    try {
      await this.management.askAll(steps, count, signal, limitMs);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof OperatorError && error.retryable) return false;
      throw error;
    }
  }

  /** What the server has for sessions of distributable applications. */
  web(signal: AbortSignal): Promise<z.output<typeof distributableWeb> | null> {
    return this.management.ask(resource(['subsystem', 'distributable-web']), distributableWeb, signal);
  }

  close(): Promise<void> {
    return this.management.close();
  }

  private cache(container: string): string[] {
    return ['subsystem', 'infinispan', 'cache-container', container, 'cache', this.deployment];
  }

  private undistributed(): OperatorError {
    return notMovable(
      `The application ${this.deployment} on machine ${this.name} is not distributable: only this machine has its sessions.`,
      'Put <distributable/> into its web.xml, or lay one with it over that: docs/servers/wildfly.md.',
    );
  }

  private async mustBeShared(container: string, cache: string | null, signal: AbortSignal): Promise<void> {
    const { name } = this;
    const address = ['subsystem', 'infinispan', 'cache-container', container];
    const found = await this.management.ask(resource(address), containerConfiguration, signal);
    const of = cache ?? found?.['default-cache'] ?? '';
    const distributed = found?.['distributed-cache']?.[of];
    const configured = distributed ?? found?.['replicated-cache']?.[of];
    if (configured === undefined) {
      throw notMovable(
        `The cache ${of} of container ${container} on machine ${name} is neither distributed nor replicated.`,
        'Let the default session management use one that is.',
      );
    }
    if (distributed?.owners === 1) {
      throw notMovable(
        `The cache ${of} of container ${container} on machine ${name} keeps each session on one machine only.`,
        'Give it two owners, as it has by default.',
      );
    }
    if (configured.component.transaction.mode !== 'BATCH') {
      throw notMovable(
        `The cache ${of} of container ${container} on machine ${name} has the transaction mode ${configured.component.transaction.mode}, so nobody could tell when a session is saved.`,
        'Give it the mode BATCH, as it has by default.',
      );
    }
  }
}
