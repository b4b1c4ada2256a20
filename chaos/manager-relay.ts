// The way from the worker to a machine or proxy, on which its manager or admin interface can be made to fail.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

export type ManagerFault = 'none' | 'hangs' | 'answers 500' | 'answers late' | 'loses the answer';

const LATE_MS = 1500;

export class ManagerRelay {
  fault: ManagerFault = 'none';
  private readonly waiting = new Set<ServerResponse>();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    /** Origin, for who should go this way. */
    readonly url: string,
  ) {}

  static async start(target: string, managerPath: string): Promise<ManagerRelay> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const relay = new ManagerRelay(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (incoming, outgoing) => {
      const isManager = incoming.url?.startsWith(managerPath) === true;
      void relay.answer(target, incoming, outgoing, isManager ? relay.fault : 'none').catch(() => outgoing.destroy());
    });
    return relay;
  }

  /** As at first; what hangs ends without an answer. */
  mend(): void {
    this.fault = 'none';
    for (const response of this.waiting) response.destroy();
    this.waiting.clear();
  }

  async close(): Promise<void> {
    this.mend();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(target: string, incoming: IncomingMessage, outgoing: ServerResponse, fault: ManagerFault): Promise<void> {
    if (fault === 'hangs') return void this.waiting.add(outgoing);
    if (fault === 'answers 500') return void outgoing.writeHead(500).end();
    const { statusCode, headers, body } = await request(`${target}${incoming.url ?? '/'}`, {
      method: incoming.method as 'GET',
      headers: incoming.headers,
      body: incoming.method === 'GET' ? null : incoming,
    });
    if (fault === 'loses the answer') {
      await body.dump();
      return void outgoing.destroy();
    }
    // Late is after its effect, not before it.
    if (fault === 'answers late') await sleep(LATE_MS);
    outgoing.writeHead(statusCode, headers);
    await pipeline(body, outgoing);
  }
}
