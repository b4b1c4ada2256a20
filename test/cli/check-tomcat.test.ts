import { expect, onTestFinished, test, vi } from 'vitest';
import { JmxProxy } from '../../activities/sessions/jmx-proxy.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { openDatabase } from '../../state/database.js';
import { checked, checkedInWords } from '../fixtures/checked.js';
import { createTestInstallation } from '../fixtures/installation.js';

const HAND_OVER = 'sessions can be handed over (tomcat-swap)';

test('a check sets nothing on the active Tomcat, says what it leaves to the restart, and stops where one begins meanwhile', async () => {
  const { installation } = await createTestInstallation((directory) => tomcatShop(directory));
  await installation.bootMachines();
  const { pool, config } = installation;
  onTestFinished(() => void vi.restoreAllMocks());
  const set: [machine: string, attribute: string, value: number][] = [];
  const begun = vi.fn<() => Promise<unknown>>(() => Promise.resolve());
  const passes: string[] = [];
  const original = <Name extends 'set' | 'invoke'>(name: Name): JmxProxy[Name] => Reflect.get(JmxProxy.prototype, name);
  const [setIt, invokeIt] = [original('set'), original('invoke')];
  vi.spyOn(JmxProxy.prototype, 'set').mockImplementation(async function (this: JmxProxy, bean, attribute, value, signal) {
    await setIt.call(this, bean, attribute, value, signal);
    set.push([this.machine.name, attribute, value]);
    // The last thing before a pass is opened.
    if (attribute === 'maxIdleSwap' && value > 0) await begun();
  });
  vi.spyOn(JmxProxy.prototype, 'invoke').mockImplementation(function (this: JmxProxy, bean, operation, parameters, signal) {
    if (operation === 'backgroundProcess') passes.push(this.machine.name);
    return invokeIt.call(this, bean, operation, parameters, signal);
  });

  expect((await checkedInWords(installation)).find((line) => line.includes(HAND_OVER))).toMatch(
    /^ok .*, from tomcat-b to tomcat-a; whether tomcat-a writes its own is left to the clean restart/,
  );
  expect(new Set(passes)).toEqual(new Set(['tomcat-b']));
  expect(new Set(set.map(([machine]) => machine))).toEqual(new Set(['tomcat-b']));

  passes.length = 0;
  const database = openDatabase(config.database.url);
  begun.mockImplementation(() => database.query("update pool set run = 'clean-restart/shop/one' where name = $1", [pool.name]));
  const lines = await checked(installation).finally(() => database.end());
  expect(lines[HAND_OVER]).toEqual({ ok: null, notChecked: 'restart clean-restart/shop/one has the pool' });
  expect(passes).toEqual([]);
  expect(set.slice(-4)).toEqual(
    expect.arrayContaining([
      ['tomcat-b', 'minIdleSwap', -1],
      ['tomcat-b', 'processExpiresFrequency', 6],
    ]),
  );
});
