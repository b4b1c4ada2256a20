// Names and attributes of beans are as a Tomcat 10.1 tells them; test/servers has the real ones.

import { expect, test } from 'vitest';
import { mustSendEveryChange } from '../../activities/sessions/servers/tomcat-cluster-valves.js';

const ENGINE = 'Catalina:type=Engine';
const SENDER = 'Catalina:type=Valve,name=ReplicationValve';
const BINDER = 'Catalina:type=Valve,host=localhost,name=JvmRouteBinderValve';

type Beans = Record<string, Record<string, string>>;

function ask(beans: Beans, contexts = ['/shop', '']): Promise<void> {
  const found = Object.entries(beans).map(([name, attributes]) => ({ name, attributes: new Map(Object.entries(attributes)) }));
  const queryAll = (pattern: string): Promise<typeof found> =>
    Promise.resolve(found.filter(({ name }) => name.startsWith(pattern.replace(',*', ''))));
  const machine = { name: 'a' } as Parameters<typeof mustSendEveryChange>[0]['machine'];
  return mustSendEveryChange({ machine, queryAll }, { contexts, virtualHost: 'localhost' }, new AbortController().signal);
}

test.each<[string, Beans]>([
  ['one for the Engine', { [SENDER]: {} }],
  ['one for the Host, second of its name', { 'Catalina:type=Valve,host=localhost,name=ReplicationValve,seq=1': {} }],
  [
    'one in each context',
    {
      'Catalina:type=Valve,host=localhost,context=/shop,name=ReplicationValve': {},
      'Catalina:type=Valve,host=localhost,context=/,name=ReplicationValve': {},
    },
  ],
  [
    'a valve that would rename and is switched off',
    { [ENGINE]: { jvmRoute: 'a' }, [SENDER]: {}, [BINDER]: { enabled: 'false' } },
  ],
  ['a valve that would rename, without a jvmRoute', { [ENGINE]: {}, [SENDER]: {}, [BINDER]: { enabled: 'true' } }],
])('all changes are sent by %s', async (_what, beans) => {
  await ask(beans);
});

test.each<[string, Beans, RegExp]>([
  ['of another Host', { 'Catalina:type=Valve,host=other,name=ReplicationValve': {} }, /no ReplicationValve for context \/shop/],
  [
    'in one of two contexts',
    { 'Catalina:type=Valve,host=localhost,context=/shop,name=ReplicationValve': {} },
    /no ReplicationValve for context \(root\)/,
  ],
  ['with a filter', { [SENDER]: { filter: '.*cart.*' } }, /filter of its ReplicationValve matches \(\.\*cart\.\*\)/],
  ['beside one that renames', { [ENGINE]: { jvmRoute: 'a' }, [SENDER]: {}, [BINDER]: { enabled: 'true' } }, /renames/],
])('a ReplicationValve %s is refused', async (_what, beans, message) => {
  await expect(ask(beans)).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringMatching(message) as string,
  });
});
