// Where each session of a Tomcat is, in all its contexts: in memory, in its store, or in neither. One id may name a session in
// several contexts; they move together.

import type { SessionKeyHash } from '../../state/session-key.js';
import type { Lane } from './tomcat-lane.js';

export class TomcatSessions {
  /** Ids and their keys, as far as seen. Ten thousand hashes are 20 ms, which a hold must not pay again and again. */
  private readonly keys = new Map<string, string>();
  /** Ids that a key stands for; several where only the route markers differ. */
  private readonly ids = new Map<string, Set<string>>();

  constructor(private readonly hash: SessionKeyHash) {}

  keyOf(id: string): string {
    let key = this.keys.get(id);
    if (key === undefined) {
      key = this.hash(id.split('.', 1)[0] ?? id);
      this.keys.set(id, key);
      this.ids.set(key, (this.ids.get(key) ?? new Set()).add(id));
    }
    return key;
  }

  /** Looks at stores first and memories second: what is in a store and then not in memory is current there. */
  async look(lanes: readonly Lane[], signal: AbortSignal): Promise<TomcatView> {
    const places = [];
    for (const lane of lanes) {
      const stored = await lane.from.store.ids();
      places.push({ lane, stored, inMemory: await lane.from.manager.sessionIds(signal) });
    }
    return new TomcatView(this, places);
  }

  /** Removes sessions from the stores of one side. */
  async remove(lanes: readonly Lane[], side: 'from' | 'to', keys: readonly string[]): Promise<void> {
    const ids = keys.flatMap((key) => [...(this.ids.get(key) ?? [])]);
    for (const lane of lanes) await lane[side].store.remove(ids);
  }

  forget(): void {
    this.keys.clear();
    this.ids.clear();
  }
}

export class TomcatView {
  private readonly inMemory: ReadonlySet<string>;
  private readonly stored: ReadonlySet<string>;

  constructor(
    private readonly sessions: TomcatSessions,
    private readonly places: readonly { lane: Lane; stored: readonly string[]; inMemory: readonly string[] }[],
  ) {
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

  /** Puts these sessions into the standby's stores. Resolves with the keys that are there whole, or of which there is no session. */
  async giveToStandby(keys: readonly string[]): Promise<string[]> {
    const refused = new Set<string>();
    const wanted = new Set(keys);
    for (const { lane, stored } of this.places) {
      const ids = stored.filter((id) => wanted.has(this.sessions.keyOf(id)));
      const given = new Set(await lane.from.store.giveTo(lane.to.store, ids));
      for (const id of ids) if (!given.has(id)) refused.add(this.sessions.keyOf(id));
    }
    return keys.filter((key) => !refused.has(key));
  }
}
