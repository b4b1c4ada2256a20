// One pool as the proxy sees it: routing state, gate, requests in flight and connections, kept in step with the rows.

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { didNotAnswer } from '../config/error-code.js';
import { hostHeader } from '../config/host-header.js';
import { routingSettings } from '../config/routing-settings.js';
import type { PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { releaseHolds, releaseOverdueHolds } from '../state/hold.js';
import type { SessionKeyHash } from '../state/session-key.js';
import { lookUpOwners, recordStandbyKeys } from '../state/session-owner.js';
import { holdExpired } from './errors.js';
import { Gate } from './gate.js';
import type { Exchange } from './in-flight.js';
import { InFlight } from './in-flight.js';
import { Machines } from './machines.js';
import { PoolSync } from './pool-sync.js';
import type { OpenHold } from './routing.js';
import { createRoutingState, endHold, isMoving, keysToRecord, learnOwners, noteAnswer, openHold } from './routing.js';
import type { PageLinks } from './page-links.js';
import type { CarryingHeader } from './session-ids.js';
import { SessionIds } from './session-ids.js';
import { Totals } from './totals.js';
import type { IsTrustedPeer } from './trusted-peers.js';
import { Turns } from './turns.js';
import { UsedSessions } from './used-sessions.js';

const RETRY_MS = 50;
/** From its answer's head to its end; shorter, one note of its session is enough. Chosen. */
const LONG_MS = 1000;

export class PoolTraffic {
  readonly state = createRoutingState();
  readonly inFlight: InFlight;
  readonly gate: Gate;
  readonly machines: Machines;
  readonly sync: PoolSync;
  readonly ids: SessionIds;
  readonly totals = new Totals();
  /** What the workers must have alike. */
  readonly settings: Record<string, string>;
  /** Null where requests of one session may run at once. */
  readonly turns: Turns | null;
  /** Null where sessions are moved. */
  readonly used: UsedSessions | null;
  /** The proxy is about to end: connections are not kept for a next request. */
  isClosing = false;
  /** Somebody has ended this incarnation in the register: no hold waits for it, so it must not route. */
  isStruck = false;
  private wasRegistered = false;
  private lastActive = '';
  private wasSteady = true;

  constructor(
    readonly pool: PoolConfig,
    private readonly database: Database,
    readonly hash: SessionKeyHash,
    readonly isTrustedPeer: IsTrustedPeer,
    incarnation: string,
    /** Called once when the register has this incarnation no longer. */
    private readonly onStruck: () => void,
  ) {
    this.ids = new SessionIds(pool.sessionId);
    this.settings = routingSettings(pool);
    this.turns = pool.sessions.oneRequestAtATime ? new Turns(pool.limits) : null;
    this.used = pool.sessions.mechanism === 'none' ? new UsedSessions(pool.sessions.idleMs) : null;
    this.inFlight = new InFlight(pool.limits.requestTimeoutMs, (exchange) => this.ended(exchange));
    this.machines = new Machines(pool.machines, pool.limits);
    this.gate = new Gate(this.state, this.inFlight, pool.limits, {
      lookUp: (keys) => lookUpOwners(database, pool.name, keys),
      settleHolds: async () => {
        await releaseOverdueHolds(database, pool.name);
        await this.sync.reload();
      },
      releaseHolds: (ids) => releaseHolds(database, pool.name, ids),
    });
    this.sync = new PoolSync(database, { pool: pool.name, incarnation }, this.state, (changed, registered) => {
      // A load may come before its registration, as by a worker that takes it for its predecessor.
      this.wasRegistered ||= registered;
      if (this.wasRegistered && !registered && !this.isClosing && !this.isStruck) {
        this.isStruck = true;
        this.onStruck();
      }
      this.loaded(changed);
    });
  }

  openHold(id: number, hold: OpenHold): void {
    openHold(this.state, id, hold);
  }

  endHold(id: number, run: string, moved: readonly string[]): void {
    endHold(this.state, id, run, moved);
    this.gate.pump();
  }

  /** The client's connection is gone. */
  clientClosed(socket: Socket): void {
    this.turns?.clientClosed(socket);
    this.gate.clientClosed(socket);
    this.inFlight.clientClosed(socket);
  }

  /** A machine's answer has come. */
  answered(exchange: Exchange, carrying: readonly CarryingHeader[]): void {
    exchange.carrying = carrying;
    if (this.used !== null) this.noteUse(this.used, exchange);
    if (carrying.length === 0) return;
    noteAnswer(this.state, exchange.machine, exchange);
    this.turns?.answered(exchange);
  }

  /** Entries in memory that grow with the number of sessions; none while the pool is steady, unless its sessions cannot be moved. */
  get remembered(): number {
    return this.state.owners.size + this.state.together.size + (this.used?.size ?? 0);
  }

  /** What looks for sessions that a machine begins in the links of a page alone; null unless it is the standby, whose ids are recorded. */
  linksOf(machine: string): PageLinks | null {
    return isMoving(this.state) && machine === this.state.standby ? this.ids.inLinks() : null;
  }

  /** Whether an answer sets ids that the other proxies must learn before its client does. */
  mustRecord(exchange: Exchange): boolean {
    return this.keysToRecord(exchange).length > 0;
  }

  /** Records the ids that the standby has set. Resolves when the answer may leave; rejects when that cannot be decided in time. */
  async record(exchange: Exchange): Promise<void> {
    const deadline = performance.now() + this.pool.limits.holdMaxMs;
    for (let keys = this.keysToRecord(exchange); keys.length > 0; keys = this.keysToRecord(exchange)) {
      const { run, standby, epoch } = this.state;
      try {
        if (run !== null && (await recordStandbyKeys(this.database, this.pool.name, run, standby, keys))) {
          learnOwners(this.state, epoch, keys, new Set(keys));
          if (epoch === this.state.epoch) return;
        }
        await this.sync.reload();
      } catch {
        await sleep(RETRY_MS);
      }
      if (performance.now() > deadline) throw holdExpired();
    }
  }

  /** Asks a machine for its health over the connections that its traffic takes; null when it is well, else what came instead. */
  async canary(machine: string): Promise<string | null> {
    const { path, status, timeoutMs } = this.pool.health;
    const headers = hostHeader(this.pool.machines.find(({ name }) => name === machine) ?? {});
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const answer = await this.machines.get(machine).request({ path, method: 'GET', headers, signal });
      await answer.body.dump();
      return answer.statusCode === status ? null : `${path} answered ${answer.statusCode} instead of ${status}`;
    } catch (error) {
      return didNotAnswer(path, error, timeoutMs);
    }
  }

  /** Requests that wait here, for their turn or for their session's owner. */
  get waiting(): number {
    return this.gate.waiting + (this.turns?.waiting ?? 0);
  }

  async close(): Promise<void> {
    this.turns?.close();
    this.gate.close();
    await this.sync.close();
    this.inFlight.close();
    await this.machines.close();
  }

  /** What has taken long was in use until now. */
  private ended(exchange: Exchange): void {
    const isLong = exchange.stream !== null || performance.now() - exchange.routedAt > LONG_MS;
    if (this.used !== null && isLong) this.noteUse(this.used, exchange);
  }

  private noteUse(used: UsedSessions, exchange: Exchange): void {
    const { machine, carrying, request } = exchange;
    const ended = this.ids.endedBy(carrying, request).map(this.hash);
    const now = performance.now();
    used.note({ machine, came: exchange.keys(), set: exchange.responseKeys(), ended }, now);
    if (this.state.phase === 'steady') used.forget(now);
  }

  private keysToRecord(exchange: Exchange): string[] {
    return keysToRecord(this.state, exchange.machine, exchange);
  }

  private loaded(epochChanged: boolean): void {
    if (epochChanged) {
      if (this.wasSteady && this.state.phase !== 'steady') {
        this.gate.reset();
        this.used?.forget(performance.now());
      }
      this.wasSteady = this.state.phase === 'steady';
      if (this.wasSteady) this.used?.keepOnly(this.state.active);
      if (this.lastActive !== '' && this.lastActive !== this.state.active) {
        void this.machines.renew(this.state.standby).catch(() => undefined);
        this.inFlight.lostPlace(this.state.standby);
      }
      this.lastActive = this.state.active;
    }
    this.gate.pump();
  }
}
