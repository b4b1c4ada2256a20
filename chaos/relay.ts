// A way from one part of the system to another that can be cut, stopped or slowed.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export class Relay {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private delayMs = 0;
  /** While the way is stopped, what goes through waits for it; what comes back as well, unless only clients are silenced. */
  private passage: Promise<void> | null = null;
  private letThrough = (): void => undefined;
  private isOneWay = false;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    /** host:port, for who should go this way. */
    readonly address: string,
  ) {}

  /** `target` is host:port. */
  static async start(target: string): Promise<Relay> {
    const [host = '', port = ''] = target.split(':');
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const relay = new Relay(server, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (client) => relay.connect(client, connect(Number(port), host)));
    return relay;
  }

  /** Ends what goes through, and refuses whatever comes. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
    this.passage = null;
    this.letThrough();
  }

  /** Lets nothing through and ends nothing, as a network that loses every packet. */
  stop(): void {
    this.passage ??= new Promise((resolve) => (this.letThrough = resolve));
  }

  /** What clients say arrives no more, and they hear what they are told. */
  silence(): void {
    this.isOneWay = true;
    this.stop();
  }

  /** Whatever goes through arrives later. */
  slow(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** As at first. */
  open(): void {
    this.isCut = false;
    this.isOneWay = false;
    this.delayMs = 0;
    this.passage = null;
    this.letThrough();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private connect(client: Socket, upstream: Socket): void {
    for (const [from, to, isAnswer] of [
      [client, upstream, false],
      [upstream, client, true],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      void this.pass(from, to, isAnswer).catch(() => to.destroy());
    }
    if (this.isCut) client.destroy();
  }

  private async pass(from: Socket, to: Socket, isAnswer: boolean): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      await this.turn(isAnswer);
      if (this.delayMs > 0) await sleep(this.delayMs);
      if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
    await this.turn(isAnswer);
    to.end();
  }

  private async turn(isAnswer: boolean): Promise<void> {
    while (this.passage !== null && !(isAnswer && this.isOneWay)) await this.passage;
  }
}

/** host:port of a URL. */
export function addressOf(url: string): string {
  return new URL(url).host;
}

/** The same URL by way of a relay. */
export function through({ address }: Relay, url: string): string {
  return url.replace(addressOf(url), address);
}
