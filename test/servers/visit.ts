// A user's session from its first request to the log-out after which nobody uses it, checked at every answer.

import { Tally } from '../../demo/load/report.js';

interface Cart {
  created: string;
  items: string[];
}

export class Visit {
  /** Another session, or an empty one, has come in its place: nothing more is checked. */
  isLost = false;
  private created: string | null = null;
  private readonly acknowledged: string[] = [];
  private serial = 0;
  private turn: number;

  /** Through the proxies at `origins` by turns, `first` first; with an old `cookie`, or without any. */
  constructor(
    private readonly origins: readonly string[],
    private readonly tally = new Tally(),
    first = 0,
    private cookie = '',
  ) {
    this.turn = first;
  }

  async add(slowMs = 0): Promise<void> {
    const item = `item-${this.serial++}`;
    const path = slowMs > 0 ? `/shop/slow?ms=${slowMs}&item=${item}` : `/shop/cart?item=${item}`;
    if (await this.ask('POST', path)) this.acknowledged.push(item);
  }

  async look(): Promise<void> {
    await this.ask('GET', '/shop/cart');
  }

  /** Gives the session another id. */
  async logIn(): Promise<void> {
    await this.ask('POST', '/shop/login?user=demo&password=demo', false);
  }

  async logOut(): Promise<void> {
    await this.ask('POST', '/shop/logout', false);
  }

  private verify(text: string, expected: readonly string[]): void {
    if (this.isLost) return;
    const { created, items } = JSON.parse(text) as Cart;
    this.created ??= created;
    if (created !== this.created) {
      this.isLost = true;
      return this.tally.lostSession();
    }
    const lost = expected.filter((item) => !items.includes(item)).length;
    if (lost > 0) this.tally.lostUpdates(lost);
  }

  /** Where the answer is a cart, it has all that was acknowledged before it was asked for. Whether it was answered as it should be. */
  private async ask(method: 'GET' | 'POST', path: string, isCart = true): Promise<boolean> {
    const expected = [...this.acknowledged];
    const origin = this.origins[this.turn++ % this.origins.length] ?? '';
    const began = performance.now();
    try {
      const response = await fetch(`${origin}${path}`, { method, headers: { cookie: this.cookie } });
      const text = await response.text();
      if (!response.ok) {
        this.tally.failedOnce(performance.now() - began, `${method}: ${response.status}`);
        return false;
      }
      const [set] = response.headers.getSetCookie();
      if (set !== undefined) this.cookie = set.split(';', 1)[0] ?? '';
      this.tally.completed(performance.now() - began);
      if (isCart) this.verify(text, expected);
      return true;
    } catch (error) {
      this.tally.failedOnce(performance.now() - began, `${method}: ${error instanceof Error ? error.name : 'unknown error'}`);
      return false;
    }
  }
}
