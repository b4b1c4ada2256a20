import { join } from 'node:path';
import { expect, test } from 'vitest';
import { directory, ENV, GOOD, load, refusal } from '../fixtures/config-file.js';

const SHORTEST =
  'mechanism: liberty, contexts: [/shop], metrics: { url: "https://{host}:9443/metrics", login: { user: u, password: { env: LIBERTY } } }';
const env = { ...ENV, LIBERTY: 'secret', SESSIONS: 'postgres://s' };

function withSessions(sessions: string): string {
  return GOOD.replace(/sessions:[^]*?(?= {4}health)/, `sessions: { ${sessions} }\n`);
}

test('sessions of Liberty have its clone ids, secrets from the environment, and files relative to the file', () => {
  const pool = load(withSessions(SHORTEST.replace('login:', 'caFile: ca.pem, login:')), env).pools['shop'];
  expect(pool?.sessionId).toMatchObject({ cookies: ['JSESSIONID'], routeMarker: 'clone-ids' });
  expect(pool?.sessions).toMatchObject({
    ...{ virtualHost: 'default_host', settleMs: 100, busySettleMs: 500, database: null, hazelcast: null, canary: null },
    metrics: { caFile: join(directory, 'ca.pem'), login: { user: 'u', password: 'secret' } },
  });
  const withDatabase = load(withSessions(`${SHORTEST}, database: { url: { env: SESSIONS } }`), env).pools['shop'];
  expect(withDatabase?.sessions).toMatchObject({ database: { url: 'postgres://s', table: 'sessions' } });
});

test.each([
  ['no application', 'contexts: [/shop]', 'contexts: []', /sessions\.contexts: found a list of 0/],
  [
    'a context without a slash',
    '[/shop]',
    '[shop]',
    /sessions\.contexts\.0: found "shop", allowed: a context path such as \/shop/,
  ],
  [
    'metrics elsewhere than on the web',
    'https://',
    'ftp://',
    /sessions\.metrics\.url: found "ftp:.*allowed: an http or https URL/,
  ],
  [
    'a placeholder that nobody fills in',
    '9443/metrics',
    '9443/{hsot}',
    /sessions\.metrics\.url: found .*allowed: .* \{host\} is the host of the machine, and \{machine\} its name/,
  ],
  ['nothing about a log-in', /, login: \{.*?\} \}/, '', /sessions\.metrics\.login: found nothing, allowed: \{ user: NAME/],
  [
    'a password in the file',
    '{ env: LIBERTY }',
    'hunter2',
    /metrics\.login\.password: found a value that is not shown, as it may be a secret, allowed: \{ env: NAME \}/,
  ],
  ['less than a server takes', 'contexts', 'settleMs: 50, contexts', /sessions\.settleMs: found 50, allowed: at least 100/],
  [
    'more than users wait',
    'contexts',
    'busySettleMs: 6000, contexts',
    /busySettleMs: found 6000, allowed: milliseconds.* up to 5000/,
  ],
  [
    'a database in the file',
    'contexts',
    'database: "postgres://u:hunter2@h/d", contexts',
    /database: found a value that is not shown, as it may be a secret, allowed: \{ url:/,
  ],
  [
    'SQL for a table',
    'contexts',
    'database: { url: { env: A }, table: "a; b" }, contexts',
    /database\.table: .*allowed: the name of a table/,
  ],
  [
    'a health elsewhere',
    'contexts',
    'hazelcast: { url: h:5701 }, contexts',
    /hazelcast\.url: found "h:5701", allowed: an http or https URL/,
  ],
  [
    'a cluster without a name',
    'contexts',
    'hazelcast: { url: "http://{host}:5701/hazelcast/health", cluster: "" }, contexts',
    /hazelcast\.cluster: found "", allowed: the cluster-name of hazelcast\.xml, or null/,
  ],
] as const)('Liberty with %s is refused', (_what, before, after, message) => {
  const error = refusal(withSessions(SHORTEST.replace(before, after)));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('hunter2');
});
