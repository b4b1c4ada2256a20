// Sessions whose users have gone to lunch: made once, looked at again at the end.

import { Pool } from 'undici';

const AT_ONCE = 32;

export interface IdleSessions {
  count: number;
  /** Looks at every session again; how many have lost their item. */
  verify(): Promise<number>;
}

/** Makes `count` sessions with one item each through `origin`. */
export async function makeIdleSessions(origin: string, count: number): Promise<IdleSessions> {
  const pool = new Pool(origin, { connections: AT_ONCE, pipelining: 1 });
  const cookies: string[] = [];
  const inParallel = async (work: (index: number) => Promise<void>): Promise<void> => {
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < count) await work(next++);
      }),
    );
  };
  await inParallel(async (index) => {
    const { headers, body, statusCode } = await pool.request({ path: `/shop/cart?item=idle-${index}`, method: 'POST' });
    await body.dump();
    const [cookie] = [headers['set-cookie'] ?? []].flat();
    if (statusCode !== 200 || cookie === undefined) throw new Error(`The shop answered ${statusCode} without a session.`);
    cookies[index] = cookie.split(';', 1)[0] ?? '';
  }).finally(() => pool.destroy());
  return {
    count,
    async verify() {
      const again = new Pool(origin, { connections: AT_ONCE, pipelining: 1 });
      let lost = 0;
      await inParallel(async (index) => {
        const { body } = await again.request({ path: '/shop/cart', method: 'GET', headers: { cookie: cookies[index] ?? '' } });
        const cart = (await body.json().catch(() => null)) as { items?: string[] } | null;
        if (!cart?.items?.includes(`idle-${index}`)) lost++;
      }).finally(() => again.destroy());
      return lost;
    },
  };
}
