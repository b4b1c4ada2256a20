// Sessions of a primary that cannot give them away: whether somebody still uses them, and how many there are.

import type { SeenKeys } from '../proxy/admin-api.js';
import { groupKeys } from './key-groups.js';
import type { ProxyFleet } from './proxy-fleet.js';

/** The proxies that were asked last, by their incarnations, and since when it is these, in ms since 1970. */
export interface AskedProxies {
  proxies: string;
  proxiesSinceMs: number;
  haveChanged: boolean;
}

export class UnmovedSessions {
  /** For an attempt that goes on with the step: it need not wait anew. */
  asked: AskedProxies;

  constructor(
    private readonly fleet: ProxyFleet,
    private readonly idleMs: number,
    /** What the attempt before has told of them. */
    { proxies = '', proxiesSinceMs = 0, haveChanged = false }: Partial<AskedProxies> = {},
  ) {
    this.asked = { proxies, proxiesSinceMs, haveChanged };
  }

  /** Whether one was used within `idleMs`, or has a stream. */
  async areInUse(): Promise<boolean> {
    const seen = await this.fleet.seenStreams();
    this.noteProxies(seen);
    // A proxy that is no more may have had a user who comes again.
    if (Date.now() - this.asked.proxiesSinceMs < this.idleMs) return true;
    return seen.some(({ usedAgoMs, streaming }) => (usedAgoMs ?? Infinity) < this.idleMs || (streaming ?? []).length > 0);
  }

  /**
   * Those that were used within `idleMs` before the pool moved, `movedAgoMs` ago, or since; null where a proxy has gone or come meanwhile, and
   * what was known with it.
   */
  async count(movedAgoMs: number): Promise<number | null> {
    const seen = await this.fleet.seenKeys();
    this.noteProxies(seen);
    const isKnown = ({ sessions, knowsSinceMs = 0 }: SeenKeys): boolean =>
      sessions !== undefined && knowsSinceMs >= movedAgoMs + this.idleMs;
    if (this.asked.haveChanged || !seen.every(isKnown)) return null;
    const sessions = seen.flatMap((one) => one.sessions ?? []);
    return groupKeys([...new Set(sessions.flat())], sessions).length;
  }

  private noteProxies(seen: readonly SeenKeys[]): void {
    const proxies = seen
      .map(({ incarnation }) => incarnation)
      .sort()
      .join();
    if (proxies === this.asked.proxies) return;
    this.asked = { proxies, proxiesSinceMs: Date.now(), haveChanged: this.asked.proxies !== '' };
  }
}
