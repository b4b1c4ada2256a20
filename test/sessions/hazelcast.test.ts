import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { mustCopyAll } from '../../activities/sessions/servers/hazelcast.js';
import type { MachineConfig } from '../../config/types.js';

// What a Hazelcast says to it is tested in test/servers/liberty-cache.test.ts.
test.each([
  [
    'answers as a web server does',
    (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    /it does not speak as Hazelcast does/,
  ],
  ['hangs up', (socket: Socket) => socket.end(), /has closed the connection/],
  ['says half a message', (socket: Socket) => socket.end(Buffer.from([200, 0, 0, 0, 0, 192])), /has closed the connection/],
] as const)(
  'a machine that %s where its caches are asked for is refused at once, by what to change',
  async (_what, answer, reason) => {
    const server = createServer((socket) => socket.once('data', () => answer(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const machine = { name: 'shop-a', url: 'http://127.0.0.1:9080' } as MachineConfig;
    const url = `http://{host}:${port}/hazelcast/health`;
    const asked = mustCopyAll({ primary: machine, standby: machine }, { url, cluster: 'shop' }, AbortSignal.timeout(60_000));
    await expect(asked).rejects.toMatchObject({ code: 'SESSIONS_NOT_MOVABLE', message: expect.stringMatching(reason) as string });
  },
);
