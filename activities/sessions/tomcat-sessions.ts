// Where each session of a Tomcat is, in all its contexts: in memory, in its store, or in neither. One id may name a session in
// several contexts; they move together.

import type { RouteMarker } from '../../config/route-marker.js';
import { normalisedId } from '../../config/route-marker.js';
import { isFinal } from '../../config/operator-error.js';
import type { SessionKeyHash } from '../../state/session-key.js';
import { mustBeStored } from './left-memory.js';
import type { Lane } from './tomcat-lane.js';

/** For a look at what a pass has left that was broken off; users may be held meanwhile. Chosen. */
const LOOK_TIMEOUT_MS = 2000;

export class TomcatSessions {
  /** Ids and their keys, as far as seen. Ten thousand hashes are 20 ms, which a hold must not pay again and again. */
  private readonly keys = new Map<string, string>();
  /** Ids that a key stands for; several where only the route markers differ. */
  private readonly ids = new Map<string, Set<string>>();

  /** `marker` as the proxies have it: both name a session by the same key. */
  constructor(
    private readonly hash: SessionKeyHash,
    private readonly marker: RouteMarker,
  ) {}

  keyOf(id: string): string {
    let key = this.keys.get(id);
    if (key === undefined) {
      key = this.hash(normalisedId(id, this.marker));
      this.keys.set(id, key);
      this.ids.set(key, (this.ids.get(key) ?? new Set()).add(id));
    }
    return key;
  }

  async look(lanes: readonly Lane[], signal: AbortSignal): Promise<TomcatView> {
    return new TomcatView(this, await lookAt(lanes, signal));
  }

  /** Runs a pass in each context that has sessions in memory, which gets their ids, and looks what has become of them. */
  async swapOut(
    lanes: readonly Lane[],
    pass: (lane: Lane, ids: readonly string[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<TomcatView> {
    const before = new Map<Lane, readonly string[]>();
    try {
      for (const lane of lanes) {
        const ids = await lane.from.manager.sessionIds(signal);
        before.set(lane, ids);
        if (ids.length > 0) await pass(lane, ids);
      }
    } catch (error) {
      // What was broken off may have taken sessions out all the same, and nobody else knows which there were.
      await this.afterPass(before, AbortSignal.timeout(LOOK_TIMEOUT_MS)).catch((seen: unknown) => {
        if (isFinal(seen)) throw seen;
      });
      throw error;
    }
    return this.afterPass(before, signal);
  }

  /** Only after the last pass: what is seen must still be so when it is handed over. */
  private async afterPass(before: ReadonlyMap<Lane, readonly string[]>, signal: AbortSignal): Promise<TomcatView> {
    const places = await lookAt([...before.keys()], signal);
    for (const { lane, stored, inMemory } of places) {
      const after = new Set(inMemory);
      const gone = (before.get(lane) ?? []).filter((id) => !after.has(id));
      await mustBeStored(lane.from, gone, stored, signal);
    }
    return new TomcatView(this, places);
  }

  /**
   * Those of `keys` that are not in memory, their ids known if they have any. The store, which may be ten thousand files, is read only
   * where a key has not been seen yet: somebody may be held meanwhile.
   */
  async outOfMemory(lanes: readonly Lane[], keys: readonly string[], signal: AbortSignal): Promise<string[]> {
    if (keys.some((key) => !this.ids.has(key))) {
      const view = await this.look(lanes, signal);
      // Those without a session are not looked for again in every batch.
      for (const key of keys) if (!this.ids.has(key)) this.ids.set(key, new Set());
      return keys.filter((key) => !view.isInMemory(key));
    }
    const inMemory = new Set<string>();
    for (const { from } of lanes) for (const id of await from.manager.sessionIds(signal)) inMemory.add(this.keyOf(id));
    return keys.filter((key) => !inMemory.has(key));
  }

  /** Ids of those of `keys` that are in the primary's memory, by context. */
  async inMemory(lanes: readonly Lane[], keys: ReadonlySet<string>, signal: AbortSignal): Promise<[Lane, string[]][]> {
    const found: [Lane, string[]][] = [];
    if (keys.size === 0) return found;
    for (const lane of lanes) {
      const ids = (await lane.from.manager.sessionIds(signal)).filter((id) => keys.has(this.keyOf(id)));
      if (ids.length > 0) found.push([lane, ids]);
    }
    return found;
  }

  /**
   * Puts sessions that were seen, and are not in memory, into the standby's stores. Resolves with the keys that are there whole, or of
   * which there is no session.
   */
  async giveToStandby(lanes: readonly Lane[], keys: readonly string[]): Promise<string[]> {
    const ids = this.idsOf(keys);
    const refused = new Set<string>();
    for (const { from, to } of lanes) {
      for (const [id, given] of await from.store.giveTo(to.store, ids)) if (!given) refused.add(this.keyOf(id));
    }
    return keys.filter((key) => !refused.has(key));
  }

  /** Removes sessions from the stores of one side. */
  async remove(lanes: readonly Lane[], side: 'from' | 'to', keys: readonly string[]): Promise<void> {
    const ids = this.idsOf(keys);
    for (const lane of lanes) await lane[side].store.remove(ids);
  }

  forget(): void {
    this.keys.clear();
    this.ids.clear();
  }

  private idsOf(keys: readonly string[]): string[] {
    return keys.flatMap((key) => [...(this.ids.get(key) ?? [])]);
  }
}

interface Place {
  lane: Lane;
  stored: readonly string[];
  inMemory: readonly string[];
}

/** Looks at a store first and at its memory second: what is in a store and then not in memory is current there. */
async function lookAt(lanes: readonly Lane[], signal: AbortSignal): Promise<Place[]> {
  const places: Place[] = [];
  for (const lane of lanes) {
    const stored = await lane.from.store.ids();
    places.push({ lane, stored, inMemory: await lane.from.manager.sessionIds(signal) });
  }
  return places;
}

export class TomcatView {
  private readonly inMemory: ReadonlySet<string>;
  private readonly stored: ReadonlySet<string>;

  constructor(sessions: TomcatSessions, places: readonly Place[]) {
    this.inMemory = new Set(places.flatMap(({ inMemory }) => inMemory.map((id) => sessions.keyOf(id))));
    this.stored = new Set(places.flatMap(({ stored }) => stored.map((id) => sessions.keyOf(id))));
  }

  isInMemory(key: string): boolean {
    return this.inMemory.has(key);
  }

  /** Keys whose sessions are in the store and nowhere in memory. */
  swappedOut(): string[] {
    return [...this.stored].filter((key) => !this.inMemory.has(key));
  }

  all(): Set<string> {
    return new Set([...this.inMemory, ...this.stored]);
  }
}
