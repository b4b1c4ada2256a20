// One of many who do the same thing: an advisory lock that lives as long as its connection.

import pg from 'pg';
import { databaseUnreachable, isConnectionError } from './errors.js';

const CONNECT_MS = 5000;
const ASK_MS = 5000;

export class Leadership {
  private client: pg.Client | null = null;
  private isHeld = false;

  /** `what` names what only one may do. */
  constructor(
    private readonly url: string,
    private readonly what: string,
  ) {}

  /** Whether this one leads, as of now: asks the server, and tries to become it. Throws when the database does not answer; then nobody knows. */
  async leads(): Promise<boolean> {
    try {
      const client = (this.client ??= await this.connect());
      if (this.isHeld) {
        await client.query('select 1');
      } else {
        const { rows } = await client.query<{ won: boolean }>('select pg_try_advisory_lock(hashtext($1)) as won', [this.what]);
        this.isHeld = rows[0]?.won === true;
      }
      return this.isHeld;
    } catch (error) {
      await this.resign();
      throw isConnectionError(error) ? databaseUnreachable(error) : error;
    }
  }

  /** Gives it up. */
  async resign(): Promise<void> {
    const { client } = this;
    this.client = null;
    this.isHeld = false;
    await client?.end().catch(() => undefined);
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ASK_MS,
      keepAlive: true,
      application_name: 'vm-rejuv',
    });
    // A connection that breaks says so at the next question; without a listener the event would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
