// One verifying user: own cookie jar, own keep-alive connections, and a memory of what the application has acknowledged.

import { Pool } from 'undici';

/** A cart this long is left behind for a new session: the application shows its last 200 items. */
const CART_LIMIT = 150;
const REQUEST_TIMEOUT_MS = 30_000;

export interface UserEvents {
  lostSession(): void;
  lostUpdates(count: number): void;
  /** Additions that the application has carried out more than once. */
  repeatedUpdates(count: number): void;
}

interface Cart {
  count: number;
  items: string[];
  user: string | null;
  created: string;
  new: boolean;
}

/** What is known of one session of this user. A new one begins with an empty jar. */
interface Memory {
  cookies: Map<string, string>;
  created: string | null;
  acknowledged: Set<string>;
  loggedIn: boolean;
  added: number;
  /** Additions that may have been executed: all that were sent, answered or not. */
  sent: number;
  /** Additions that are known to have been executed more than once. */
  repeated: number;
}

export type Kind = 'look' | 'add' | 'slow' | 'soap' | 'login';

export class User {
  inFlight = 0;
  /** A log-in changes the id: nothing else of the session may be sent before its answer. */
  isLoggingIn = false;
  private readonly pools: Pool[];
  private turn = 0;
  private serial = 0;
  private memory = forget();

  constructor(
    private readonly name: string,
    origins: readonly string[],
    private readonly events: UserEvents,
    private readonly slowMs: number,
  ) {
    this.pools = origins.map((origin) => new Pool(origin, { connections: 2, pipelining: 1, keepAliveTimeout: 30_000 }));
  }

  get hasSession(): boolean {
    return this.memory.created !== null;
  }

  get isLoggedIn(): boolean {
    return this.memory.loggedIn;
  }

  /** Sends one request and checks the answer. Resolves with null when it was answered as it should, else with what was wrong. */
  async send(kind: Kind): Promise<string | null> {
    if (this.memory.added >= CART_LIMIT && this.inFlight === 0) this.memory = forget();
    // Of what was acknowledged before a request was sent, everything must be in its answer.
    const memory = this.memory;
    const expected = [...memory.acknowledged];
    const loginExpected = memory.loggedIn;
    const item = kind === 'look' || kind === 'login' ? null : `${this.name}-${++this.serial}`;
    if (item !== null) memory.sent++;
    this.inFlight++;
    if (kind === 'login') this.isLoggingIn = true;
    try {
      const answer = await this.request(memory, kind, item);
      if (answer.status !== 200) return `${kind}: ${answer.status} ${titleOf(answer.body)}`;
      if (kind !== 'soap') this.verify(memory, JSON.parse(answer.body) as Cart, expected, loginExpected);
      if (kind === 'login') memory.loggedIn = true;
      if (item !== null) {
        memory.acknowledged.add(item);
        memory.added++;
      }
      return null;
    } catch (error) {
      return `${kind}: ${describe(error)}`;
    } finally {
      this.inFlight--;
      if (kind === 'login') this.isLoggingIn = false;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }

  private verify(memory: Memory, cart: Cart, expected: readonly string[], loginExpected: boolean): void {
    if (memory.created === null) memory.created = cart.created;
    else if (memory !== this.memory) return;
    if (memory.created !== cart.created || (loginExpected && cart.user === null)) {
      this.events.lostSession();
      // The jar has followed the server to another session; what was known of the lost one is void. What is on its way may end up there.
      const sent = cart.count + this.inFlight;
      this.memory = { ...forget(), cookies: memory.cookies, created: cart.created, sent };
      return;
    }
    const there = new Set(cart.items);
    const repeated = Math.max(cart.items.length - there.size, cart.count - memory.sent);
    if (repeated > memory.repeated) {
      this.events.repeatedUpdates(repeated - memory.repeated);
      memory.repeated = repeated;
    }
    const lost = expected.filter((item) => memory.acknowledged.has(item) && !there.has(item));
    for (const item of lost) memory.acknowledged.delete(item);
    if (lost.length > 0) this.events.lostUpdates(lost.length);
  }

  private async request(memory: Memory, kind: Kind, item: string | null): Promise<{ status: number; body: string }> {
    const pool = this.pools[this.turn++ % this.pools.length] as Pool;
    const soap =
      kind === 'soap'
        ? `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><add><item>${item ?? ''}</item></add></soap:Body></soap:Envelope>`
        : null;
    const response = await pool.request({
      path: pathOf(kind, item, this.slowMs),
      method: kind === 'look' ? 'GET' : 'POST',
      headers: {
        ...(memory.cookies.size > 0 ? { cookie: [...memory.cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {}),
        ...(soap === null ? {} : { 'content-type': 'text/xml; charset=utf-8', soapaction: '"add"' }),
      },
      body: soap,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const cookies = response.headers['set-cookie'] ?? [];
    for (const cookie of typeof cookies === 'string' ? [cookies] : cookies) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined) memory.cookies.set(name, value ?? '');
    }
    return { status: response.statusCode, body: await response.body.text() };
  }
}

/** The code of one of the proxy's errors, or the title of a server's page. */
function titleOf(body: string): string {
  return (/"code":"([A-Z_]+)"/.exec(body) ?? /<title>([^<]{1,80})/.exec(body))?.[1] ?? '';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function pathOf(kind: Kind, item: string | null, slowMs: number): string {
  switch (kind) {
    case 'look':
      return '/shop/cart';
    case 'add':
      return `/shop/cart?item=${item ?? ''}`;
    case 'slow':
      return `/shop/slow?ms=${slowMs}&item=${item ?? ''}`;
    case 'soap':
      return '/shop/soap';
    case 'login':
      return '/shop/login?user=demo&password=demo';
  }
}

function forget(): Memory {
  return { cookies: new Map(), created: null, acknowledged: new Set(), loggedIn: false, added: 0, sent: 0, repeated: 0 };
}
