// Sessions of a primary that cannot give them away: whether somebody still uses them, and how many there are.

import type { SeenKeys } from '../proxy/admin-api.js';
import { groupKeys } from './key-groups.js';
import type { ProxyFleet } from './proxy-fleet.js';

export class UnmovedSessions {
  /** The proxies that were asked last. */
  private proxies = '';
  /** Since when it is these (performance.now). */
  private since = 0;
  private haveLeft = false;

  constructor(
    private readonly fleet: ProxyFleet,
    private readonly idleMs: number,
  ) {}

  /** Whether one was used within `idleMs`, or has a stream. */
  async areInUse(): Promise<boolean> {
    const seen = await this.fleet.seenStreams();
    this.noteProxies(seen);
    // A proxy that is no more may have had a user who comes again.
    if (performance.now() - this.since < this.idleMs) return true;
    return seen.some(({ usedAgoMs, streaming }) => (usedAgoMs ?? Infinity) < this.idleMs || (streaming ?? []).length > 0);
  }

  /** Those that were used within `idleMs` before the pool moved, or since; null where a proxy has gone or come in the last `withinMs`, with what it knew. */
  async count(withinMs: number): Promise<number | null> {
    const seen = await this.fleet.seenKeys();
    this.noteProxies(seen);
    if (this.haveLeft || seen.some(({ sessions, knowsSinceMs }) => sessions === undefined || (knowsSinceMs ?? 0) < withinMs))
      return null;
    const sessions = seen.flatMap((one) => one.sessions ?? []);
    return groupKeys([...new Set(sessions.flat())], sessions).length;
  }

  private noteProxies(seen: readonly SeenKeys[]): void {
    const proxies = seen
      .map(({ incarnation }) => incarnation)
      .sort()
      .join();
    if (proxies === this.proxies) return;
    this.haveLeft = this.proxies !== '';
    this.proxies = proxies;
    this.since = performance.now();
  }
}
