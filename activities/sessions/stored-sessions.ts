// What Tomcat's Store keeps of one context on one machine. Each machine has a store of its own, so that neither reads what is not
// its own yet; a hand-over puts a session's state into the other's.

export interface StoredSessions {
  /** Where it is, for messages to operators. */
  readonly place: string;
  ids(): Promise<string[]>;
  /**
   * Makes sessions loadable on the other machine. Resolves with those of the ids that this store has, and whether the other one has
   * them now as they are here: not where it has a state of its own, which may be newer.
   */
  giveTo(other: this, ids: readonly string[]): Promise<Map<string, boolean>>;
  remove(ids: readonly string[]): Promise<void>;
  /** Makes what sessions are put into, where the machine does that by itself only with its first one. */
  makeRoom(): Promise<void>;
  /** Refuses, by what to change, a pair of stores between which no session can move. */
  mustReach(other: this): Promise<void>;
}
