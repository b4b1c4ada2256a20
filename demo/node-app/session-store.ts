// Sessions in PostgreSQL as a web framework keeps them: loaded when a request begins, saved whole before its answer leaves.

import type pg from 'pg';

export interface Session {
  created: string;
  user: string | null;
  count: number;
  items: string[];
  /** Where it ends earlier than others: after this long without a request, and since when it has had none. */
  brief?: { ms: number; usedAtMs: number };
}

interface Entry {
  session: Session;
  isNew: boolean;
  users: number;
  saved: Promise<void>;
}

/** Requests of one session in this process share one object; another process has its own, which is what a hold protects from. */
export class SessionStore {
  private readonly open = new Map<string, Promise<Entry>>();

  constructor(private readonly database: pg.Pool) {}

  async use<T>(id: string, work: (session: Session, isNew: boolean) => Promise<T>): Promise<T> {
    let opening = this.open.get(id);
    if (!opening) {
      opening = this.load(id);
      this.open.set(id, opening);
    }
    const entry = await opening;
    entry.users++;
    try {
      const result = await work(entry.session, entry.isNew);
      entry.isNew = false;
      // One save after the other: a later state must not be overwritten by an earlier one.
      entry.saved = entry.saved.then(() => this.save(id, entry.session));
      await entry.saved;
      return result;
    } finally {
      if (--entry.users === 0) this.open.delete(id);
    }
  }

  /** Log-in: the session goes on under another id. */
  async rename(id: string, newId: string, session: Session): Promise<void> {
    await this.save(newId, session);
    await this.database.query('delete from shop_session where id = $1', [id]);
  }

  async destroy(id: string): Promise<void> {
    await this.database.query('delete from shop_session where id = $1', [id]);
  }

  private async load(id: string): Promise<Entry> {
    const { rows } = await this.database.query<{ data: Session }>('select data from shop_session where id = $1', [id]);
    const found = rows.map(({ data }) => data).find(({ brief }) => brief === undefined || Date.now() - brief.usedAtMs < brief.ms);
    const session = found ?? { created: `${new Date().toISOString()}-${process.pid}`, user: null, count: 0, items: [] };
    return { session, isNew: found === undefined, users: 0, saved: Promise.resolve() };
  }

  private async save(id: string, session: Session): Promise<void> {
    if (session.brief !== undefined) session.brief.usedAtMs = Date.now();
    await this.database.query(
      'insert into shop_session (id, data) values ($1, $2) on conflict (id) do update set data = excluded.data',
      [id, JSON.stringify(session)],
    );
  }
}
