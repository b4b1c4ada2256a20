// The load: verifying users, open-loop arrivals at a steady rate, bounded in time and in what may wait.

import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../activities/quantile.js';
import { mulberry32 } from './random.js';
import type { LoadProgress, WindowReport } from './report.js';
import { Tally } from './report.js';
import type { Kind } from './user.js';
import { User } from './user.js';

export interface LoadOptions {
  origins: string[];
  users: number;
  /** Requests a second. */
  rate: number;
  seed: number;
  /** Ends by itself after this, whatever happens. */
  maxSeconds: number;
  slowMs: number;
  /** Share of slow requests. */
  slowShare: number;
  /** Whether each user stays with one of the origins, as behind what balances by session. */
  byUser?: boolean;
}

/** Shares of requests that change a cart, slow ones apart; the rest looks at it. A log-in happens once a session. */
const SHARES: readonly (readonly [Kind, number])[] = [
  ['add', 0.27],
  ['soap', 0.03],
];
/** Every fourth user sends two requests of its session at once. */
const CONCURRENT_EVERY = 4;
const LOGIN_CHANCE = 0.01;
const TICK_MS = 5;
/** The last looks are spread out, so that they are no burst of their own. */
const VERIFY_EVERY_MS = 3;
/** Requests that may be on their way at once: beyond it an arrival counts as failed instead of piling up. */
const MAX_IN_FLIGHT = 5000;

export class Load {
  private readonly total = new Tally();
  private window: Tally | null = null;
  private readonly users: User[];
  private readonly random: () => number;
  private readonly pending = new Set<Promise<void>>();
  private stopped = false;

  constructor(private readonly options: LoadOptions) {
    this.random = mulberry32(options.seed);
    const events = {
      lostSession: () => this.each((tally) => tally.lostSession()),
      lostUpdates: (count: number) => this.each((tally) => tally.lostUpdates(count)),
      repeatedUpdates: (count: number) => this.each((tally) => tally.failedBesides(count, 'update executed twice')),
    };
    const { origins, byUser = false } = options;
    const originsOf = (i: number): string[] => (byUser ? origins.slice(i % origins.length, (i % origins.length) + 1) : origins);
    this.users = Array.from({ length: options.users }, (_, i) => new User(`u${i}`, originsOf(i), events, options.slowMs));
  }

  /** Sends until stopped. Arrivals keep their times whatever the answers do: a wait is counted from when a request was due. */
  async run(): Promise<void> {
    const started = performance.now();
    const intervalMs = 1000 / this.options.rate;
    let due = started;
    while (!this.stopped && performance.now() - started < this.options.maxSeconds * 1000) {
      for (const now = performance.now(); due <= now; due += intervalMs) this.arrive(due);
      await sleep(TICK_MS);
    }
    await Promise.all(this.pending);
    await Promise.all(this.users.map((user) => user.close()));
  }

  stop(): void {
    this.stopped = true;
  }

  beginWindow(): void {
    this.window = new Tally();
  }

  /** Every user looks at its cart once more, so that whatever was lost has been seen. */
  async endWindow(): Promise<WindowReport> {
    const tally = this.window ?? new Tally();
    await Promise.all(
      this.users.map(async (user, index) => {
        await sleep(index * VERIFY_EVERY_MS);
        while (user.inFlight > 0) await sleep(1);
        const wrong = await user.send('look');
        if (wrong !== null) tally.failedBesides(1, wrong);
      }),
    );
    this.window = null;
    return tally.report();
  }

  progress(): LoadProgress {
    const { requests, failed, sessionsLost, updatesLost } = this.total.report();
    const latest = this.total.latest(this.options.rate).sort((a, b) => a - b);
    return {
      requests,
      failed,
      sessionsLost,
      updatesLost,
      inFlight: this.pending.size,
      p99Ms: Math.round(quantile(latest, 0.99)),
    };
  }

  private arrive(due: number): void {
    const tallies = this.window === null ? [this.total] : [this.total, this.window];
    if (this.pending.size >= MAX_IN_FLIGHT) {
      for (const tally of tallies) tally.failedOnce(0, 'not sent: too many on their way');
      return;
    }
    const first = Math.floor(this.random() * this.users.length);
    for (let i = 0; i < this.users.length; i++) {
      const index = (first + i) % this.users.length;
      const user = this.users[index] as User;
      if (user.inFlight > 0 && !this.mayJoin(user, index)) continue;
      void this.track(user, this.pick(user), due, this.window);
      if (user.inFlight === 1 && this.mayJoin(user, index))
        void this.track(user, this.random() < 0.5 ? 'add' : 'look', due, this.window);
      return;
    }
    this.later(this.users[first] as User, due);
  }

  /** Before its first answer a user has no session, and during its log-in no certain one: a second request would begin another. */
  private mayJoin(user: User, index: number): boolean {
    return index % CONCURRENT_EVERY === 0 && user.hasSession && !user.isLoggingIn && user.inFlight === 1;
  }

  /** All users are busy: the request waits for its turn, and the wait counts. */
  private later(user: User, due: number): void {
    const window = this.window;
    const waiting = (async () => {
      while (user.inFlight > 0) await sleep(1);
      await this.track(user, 'look', due, window);
    })();
    this.pending.add(waiting);
    void waiting.finally(() => this.pending.delete(waiting));
  }

  private track(user: User, kind: Kind, due: number, window: Tally | null): Promise<void> {
    const work = user.send(kind).then((wrong) => {
      // A slow page is slow by itself; what it adds to the wait is what counts.
      const latencyMs = performance.now() - due - (kind === 'slow' ? this.options.slowMs : 0);
      for (const tally of window === null ? [this.total] : [this.total, window]) {
        if (wrong === null) tally.completed(latencyMs);
        else tally.failedOnce(latencyMs, wrong);
      }
    });
    this.pending.add(work);
    return work.finally(() => this.pending.delete(work));
  }

  private pick(user: User): Kind {
    if (!user.hasSession) return 'look';
    if (!user.isLoggedIn && user.inFlight === 0 && this.random() < LOGIN_CHANCE) return 'login';
    let left = this.random() - this.options.slowShare;
    if (left < 0) return 'slow';
    for (const [kind, share] of SHARES) {
      if (left < share) return kind;
      left -= share;
    }
    return 'look';
  }

  private each(count: (tally: Tally) => void): void {
    count(this.total);
    if (this.window !== null) count(this.window);
  }
}
