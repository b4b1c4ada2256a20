// Sessions of a pool whose mechanism moves none: what its machines have answered of late. A restart waits for them, and counts them.

/** As many as a machine can hardly have; a client that makes ids up must not fill the proxy's memory. Chosen: some 300 MB. */
const MOST = 1_000_000;
/** Ids of one session, the latest: an application may give it another with each answer. Chosen. */
const MOST_KEYS = 16;

interface UsedSession {
  /** Its ids as keys, the latest last: more than one after a log-in, or where several came in one request. */
  keys: Set<string>;
  /** performance.now of the latest answer. */
  usedAt: number;
}

/** What the answer of a machine says about sessions, as keys. */
export interface SessionUse {
  machine: string;
  /** Keys that the request came with. */
  came: readonly string[];
  /** Keys that the answer sets. */
  set: readonly string[];
  /** Of those, keys whose cookies it deletes. */
  ended: readonly string[];
}

export class UsedSessions {
  private readonly machines = new Map<string, SessionsOfMachine>();

  constructor(
    /** Sessions at rest for longer have ended, in ms. */
    private readonly idleMs: number,
    /** Of one machine. */
    private readonly most = MOST,
  ) {}

  /** A machine has answered, or a long answer or a stream has ended. `now` is performance.now, as below. */
  note({ machine, came, set, ended }: SessionUse, now: number): void {
    let sessions = this.machines.get(machine);
    if (sessions === undefined) this.machines.set(machine, (sessions = new SessionsOfMachine(this.most)));
    // What else it came with is as much a name of the session as before.
    const hasEnded = ended.length > 0 && came.every((key) => ended.includes(key));
    if (hasEnded) sessions.end(came);
    sessions.use(hasEnded ? set : [...came, ...set], now);
    // An application may delete a cookie of an old path with each answer: the wait must not rest on that.
    if (came.length > 0) sessions.latest = now;
  }

  /** Forgets what has rested for too long. Not while the pool moves: a restart counts what there was when it began. */
  forget(now: number): void {
    for (const sessions of this.machines.values()) sessions.forget(now - this.idleMs);
  }

  /** When a request that named a session, or began one, was last answered by a machine; null where none was. */
  latest(machine: string): number | null {
    return this.machines.get(machine)?.latest ?? null;
  }

  /** Keys of each session of a machine. */
  of(machine: string): string[][] {
    return this.machines.get(machine)?.keys() ?? [];
  }

  /** The others have been restarted, or hold nothing that is routed to. */
  keepOnly(machine: string): void {
    for (const name of this.machines.keys()) if (name !== machine) this.machines.delete(name);
  }

  get size(): number {
    return [...this.machines.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

class SessionsOfMachine {
  latest: number | null = null;
  /** The one that has rested longest first. */
  private readonly byUse = new Set<UsedSession>();
  private readonly byKey = new Map<string, UsedSession>();

  constructor(private readonly most: number) {}

  get size(): number {
    return this.byUse.size;
  }

  use(keys: readonly string[], now: number): void {
    const [first] = keys;
    if (first === undefined) return;
    const session = this.byKey.get(first) ?? { keys: new Set(), usedAt: now };
    for (const key of keys) this.adopt(session, key);
    for (const key of session.keys) {
      if (session.keys.size <= MOST_KEYS) break;
      session.keys.delete(key);
      this.byKey.delete(key);
    }
    session.usedAt = this.latest = now;
    this.byUse.delete(session);
    this.byUse.add(session);
    if (this.byUse.size > this.most) this.dropOldest();
  }

  end(keys: readonly string[]): void {
    for (const key of keys) {
      const session = this.byKey.get(key);
      if (session !== undefined) this.drop(session);
    }
  }

  forget(before: number): void {
    for (const session of this.byUse) {
      if (session.usedAt >= before) return;
      this.drop(session);
    }
  }

  keys(): string[][] {
    return [...this.byUse].map(({ keys }) => [...keys]);
  }

  private adopt(session: UsedSession, key: string): void {
    const other = this.byKey.get(key);
    if (other === session) return;
    for (const each of other?.keys ?? [key]) {
      session.keys.add(each);
      this.byKey.set(each, session);
    }
    if (other !== undefined) this.byUse.delete(other);
  }

  private dropOldest(): void {
    for (const session of this.byUse) return this.drop(session);
  }

  private drop(session: UsedSession): void {
    this.byUse.delete(session);
    for (const key of session.keys) this.byKey.delete(key);
  }
}
