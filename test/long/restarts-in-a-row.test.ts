import { expect, test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { rounds } from '../fixtures/rounds.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

const RESTARTS = rounds(20, 5);
/** 500 requests a second are about half of what two cores sustain together with two JVMs, the proxies and the users. */
const RATE = 500;

test.each([1, 2])(
  `${RESTARTS} clean restarts in a row at 500 requests a second through %i proxies lose nothing`,
  async (proxies) => {
    const { load, startRestart } = await startShopUnderLoad((directory) => tomcatShop(directory), {
      ...{ proxies, users: 200, rate: RATE, maxSeconds: 500 },
    });

    const { report, result } = await load.during(async () => {
      const outcomes = [];
      for (let i = 0; i < RESTARTS; i++) outcomes.push(await (await startRestart()).result());
      return outcomes;
    });

    const longest = Math.max(...result.map(({ holdMs }) => holdMs.max));
    console.log(`${proxies} proxies: ${JSON.stringify(report)}; longest hold ${longest} ms`);
    expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
    expect(result.map(({ to }) => to)).toEqual(
      Array.from({ length: RESTARTS }, (_, i) => (i % 2 === 0 ? 'tomcat-b' : 'tomcat-a')),
    );
  },
  600_000,
);
