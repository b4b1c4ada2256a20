// The rows of Tomcat's DataSourceStore in PostgreSQL: a table for each machine, both in one database. A hand-over is a copied row.

import type { DataSourceStoreConfig, MachineConfig } from '../../config/types.js';
import type { Database } from '../../state/database.js';
import type { StoredSessions } from './stored-sessions.js';
import { notMovable } from '../errors.js';

export class SessionRows implements StoredSessions {
  readonly place: string;
  private readonly table: string;
  private readonly app: string;

  constructor(
    private readonly database: Database,
    private readonly store: DataSourceStoreConfig,
    private readonly machine: MachineConfig,
    context: string,
    virtualHost: string,
  ) {
    // Names are checked by the configuration and stand unquoted, as Tomcat writes them: PostgreSQL then folds both alike.
    this.table = machine.sessionTable ?? '';
    // DataSourceStore.getName(): engine, host and context.
    this.app = `/Catalina/${virtualHost}${context === '' ? '/' : context}`;
    this.place = `table ${this.table} (${this.app})`;
  }

  async ids(): Promise<string[]> {
    return [...(await this.lastAccessed()).keys()];
  }

  /** When each stored session was accessed last, in milliseconds by its server's clock: a row that is behind memory is stale. */
  async lastAccessed(): Promise<Map<string, number>> {
    const { id, app, lastAccessed } = this.store.columns;
    const { rows } = await this.database.query<{ id: string; at: string }>(
      `select ${id} as id, ${lastAccessed} as at from ${this.table} where ${app} = $1`,
      [this.app],
    );
    return new Map(rows.map((row) => [row.id, Number(row.at)]));
  }

  async giveTo(other: SessionRows, ids: readonly string[]): Promise<Map<string, boolean>> {
    if (ids.length === 0) return new Map();
    const { id, app, data, valid, maxInactive, lastAccessed } = this.store.columns;
    const all = [id, app, data, valid, maxInactive, lastAccessed].join(', ');
    await this.database.query(
      `insert into ${other.table} (${all}) select ${all} from ${this.table} where ${app} = $1 and ${id} = any($2::text[])
       on conflict do nothing`,
      [this.app, ids],
    );
    const { rows } = await this.database.query<{ id: string; same: boolean }>(
      `select mine.${id} as id, coalesce(mine.${data} = theirs.${data} and mine.${lastAccessed} = theirs.${lastAccessed}, false) as same
       from ${this.table} mine left join ${other.table} theirs on theirs.${id} = mine.${id} and theirs.${app} = mine.${app}
       where mine.${app} = $1 and mine.${id} = any($2::text[])`,
      [this.app, ids],
    );
    return new Map(rows.map((row) => [row.id, row.same]));
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { id, app } = this.store.columns;
    await this.database.query(`delete from ${this.table} where ${app} = $1 and ${id} = any($2::text[])`, [this.app, ids]);
  }

  /** The table is an operator's. */
  makeRoom(): Promise<void> {
    return Promise.resolve();
  }

  /** Refuses tables that are missing, lack a column, or that the worker may not write. */
  async mustReach(other: SessionRows): Promise<void> {
    for (const { table, machine } of [this, other]) {
      const columns = Object.values(this.store.columns).join(', ');
      await this.database.query(`select ${columns} from ${table} limit 0`).catch((cause: unknown) => {
        throw notMovable(
          `The worker cannot read the session table ${table} of machine ${machine.name}: ${cause instanceof Error ? cause.message : String(cause)}.`,
          'Make it as docs/servers/tomcat.md shows, or correct pools.*.machines.*.sessionTable and sessions.store.',
        );
      });
      const { rows } = await this.database.query<{ may: boolean }>(
        `select has_table_privilege($1, 'insert') and has_table_privilege($1, 'delete') as may`,
        [table],
      );
      if (rows[0]?.may) continue;
      throw notMovable(
        `The worker may not insert into and delete from the session table ${table} of machine ${machine.name}.`,
        `grant select, insert, delete on ${table} to the role that sessions.store.url names.`,
      );
    }
  }
}
