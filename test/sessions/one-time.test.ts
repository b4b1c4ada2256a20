import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { mustHaveOneTime } from '../../activities/sessions/one-time.js';
import type { MachineConfig, PoolConfig } from '../../config/types.js';

/** A machine whose clock is so far ahead; null sends no Date. */
async function machine(name: string, aheadMs: number | null): Promise<MachineConfig> {
  const server = createServer((_request, response) => {
    response.sendDate = false;
    if (aheadMs !== null) response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { name, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } as MachineConfig;
}

async function compare(aheadMs: number | null): Promise<void> {
  const [primary, standby] = [await machine('a', 0), await machine('b', aheadMs)];
  const pool = { health: { path: '/health', timeoutMs: 5000 } } as PoolConfig;
  await mustHaveOneTime(pool, { primary, standby }, new AbortController().signal);
}

test.each([61_000, -61_000])(
  'clocks that are further apart than sessions can bear are refused, with how far: %i ms',
  async (apart) => {
    await expect(compare(apart)).rejects.toMatchObject({
      code: 'SESSIONS_NOT_MOVABLE',
      message: expect.stringMatching(/clocks of machines a and b are 6[01] s apart: sessions/) as string,
      remedy: expect.stringContaining('chrony') as string,
    });
  },
);

test.each([0, 3000, -3000, null])('clocks that are near enough pass, and those that nobody tells: %s ms', async (apart) => {
  await compare(apart);
});
