import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { JmxProxy } from '../../activities/sessions/jmx-proxy.js';
import type { TomcatSwapConfig } from '../../config/types.js';
import type { PoolFile } from '../../demo/installation.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { restartsThereAndBack } from '../fixtures/there-and-back.js';

const MANAGER = 'Catalina:type=Manager,host=localhost,context=/shop';
const MOST_SESSIONS = '5000';

/** Its operator limits sessions, and takes the whole of an id for the session's. */
async function shop(directory: string): Promise<PoolFile> {
  const { pool, ...more } = await tomcatShop(directory);
  for (const name of ['tomcat-a', 'tomcat-b']) {
    const file = join(directory, name, 'conf', 'Catalina', 'localhost', 'shop.xml');
    const limited = (await readFile(file, 'utf8')).replace('<Manager ', `<Manager maxActiveSessions="${MOST_SESSIONS}" `);
    await writeFile(file, limited);
  }
  return { ...more, pool: { ...pool, sessionId: { routeMarker: 'none' } } };
}

test('clean restarts there and back move real Tomcat sessions behind two proxies, lose nothing, and leave the settings that each booted with', async () => {
  const { pool } = await restartsThereAndBack(shop);

  for (const machine of pool.machines) {
    const jmx = new JmxProxy(machine, (pool.sessions as TomcatSwapConfig).manager);
    onTestFinished(() => jmx.close());
    expect(await jmx.get(MANAGER, 'maxActiveSessions', AbortSignal.timeout(10_000)), machine.name).toBe(MOST_SESSIONS);
  }
});
