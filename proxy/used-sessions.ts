// Sessions of a pool whose mechanism moves none: what its machines have answered of late. A restart waits for them, and counts them.

/** As many as a machine can hardly have; a client that makes ids up must not fill the proxy's memory. Chosen: some 300 MB. */
const MOST = 1_000_000;

interface UsedSession {
  /** Its ids as keys: more than one after a log-in, or where several came in one request. */
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
  /** The answer deletes the cookie of a session. */
  isDeleted: boolean;
}

export class UsedSessions {
  private readonly machines = new Map<string, SessionsOfMachine>();

  constructor(
    /** Sessions at rest for longer have ended, in ms. */
    private readonly idleMs: number,
    /** Of one machine. */
    private readonly most = MOST,
  ) {}

  /** A machine has answered. While the pool is not steady nothing is forgotten, however long it rests: a restart counts it. */
  note({ machine, came, set, isDeleted }: SessionUse, now: number, isSteady: boolean): void {
    let sessions = this.machines.get(machine);
    if (sessions === undefined) this.machines.set(machine, (sessions = new SessionsOfMachine(this.most)));
    if (isDeleted) sessions.end(came);
    sessions.use(isDeleted ? set : [...came, ...set], now);
    if (isSteady) sessions.forget(now - this.idleMs);
  }

  /** Keys of each session of a machine, and when one of them was used last (performance.now; null where there is none). */
  of(machine: string): { sessions: string[][]; usedAt: number | null } {
    return this.machines.get(machine)?.report() ?? { sessions: [], usedAt: null };
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
    session.usedAt = now;
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

  /** Drops those that were not used since (performance.now). */
  forget(since: number): void {
    for (const session of this.byUse) {
      if (session.usedAt >= since) return;
      this.drop(session);
    }
  }

  report(): { sessions: string[][]; usedAt: number | null } {
    let usedAt: number | null = null;
    const sessions: string[][] = [];
    for (const session of this.byUse) {
      sessions.push([...session.keys]);
      usedAt = session.usedAt;
    }
    return { sessions, usedAt };
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
