// Keeps the routing state in step with the pool's rows.

import type { Database } from '../state/database.js';
import { loadSnapshot } from '../state/snapshot.js';
import type { RoutingState } from './routing.js';
import { applySnapshot, isMoving } from './routing.js';

/** A missed notification is made good within this: while holds are open, while the pool moves, and otherwise. Chosen. */
const POLL_HOLDS_MS = 250;
const POLL_MOVING_MS = 1000;
const POLL_STEADY_MS = 5000;

export class PoolSync {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly reader: { pool: string; incarnation: string },
    private readonly state: RoutingState,
    /** Called after each load; `epochChanged` tells whether phase or roles may be new. */
    private readonly onLoaded: (epochChanged: boolean, registered: boolean) => void,
  ) {}

  /** Loads now. A load that is under way may be older than the caller's reason, so one more follows it. */
  reload(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.load().finally(() => {
        this.running = undefined;
        this.schedule();
      });
      return this.running;
    }
    this.queued ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        return this.reload();
      });
    return this.queued;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await Promise.allSettled([this.running, this.queued]);
    clearTimeout(this.timer);
  }

  private async load(): Promise<void> {
    const known = [...this.state.holds.keys()];
    const snapshot = await loadSnapshot(this.database, this.reader, known);
    this.onLoaded(applySnapshot(this.state, snapshot, known), snapshot.registered);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    const ms = this.state.holds.size > 0 ? POLL_HOLDS_MS : isMoving(this.state) ? POLL_MOVING_MS : POLL_STEADY_MS;
    this.timer = setTimeout(() => void this.reload().catch(() => undefined), ms);
  }
}
