import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.js';
import { DRAIN_LIMIT_MS, HOLD_MAX_MS } from '../../config/defaults.js';
import { directory, ENV, GOOD, load, refusal } from '../fixtures/config-file.js';

test('defaults are applied, secrets come from the environment, paths are relative to the file', () => {
  const pool = load(GOOD).pools['shop'];

  expect(pool).toMatchObject({
    name: 'shop',
    standby: 'hot',
    limits: { holdMaxMs: HOLD_MAX_MS, drain: { limitMs: DRAIN_LIMIT_MS } },
  });
  expect(pool?.sessions).toMatchObject({ manager: { password: 'secret', path: '/manager' } });
  expect(pool?.machines[0].driver).toMatchObject({ stateDirectory: join(directory, 'state') });
});

test('who waits for sessions to end asks an operator after the limit; who moves them waits on', () => {
  const none = GOOD.replace(/sessions:[^]*?(?= {4}health)/, 'sessions: { mechanism: none }\n');

  expect(load(none).pools['shop']?.limits.drain).toEqual({ limitMs: DRAIN_LIMIT_MS, policy: 'stop' });
  expect(load(GOOD).pools['shop']?.limits.drain.policy).toBe('wait');
});

describe('a mistake is named with file, line, field, what was found and what is allowed', () => {
  test.each([
    [
      'a switch that is none',
      GOOD.replace('mechanism: tomcat-swap', 'mechanism: tomcat-swap\n      oneRequestAtATime: sometimes'),
      /sessions\.oneRequestAtATime: found "sometimes", allowed: true or false/,
    ],
    ['another one', `proxy: { balancedBySession: 1 }\n${GOOD}`, /proxy\.balancedBySession: found 1, allowed: true or false/],
    [
      'a wrong type',
      GOOD.replace('path: /shop/health', 'path: 7'),
      /yaml:17 pools\.shop\.health\.path: found 7, allowed: a path that begins with "\/"/,
    ],
    ['an unknown field', GOOD.replace('health: {', 'healthy: 1\n    health: {'), /yaml:17 pools\.shop\.healthy: unknown field/],
    [
      'a field spelt wrongly',
      GOOD.replace('health: {', 'helth: {'),
      /has a mistake:\n.*yaml:17 pools\.shop\.helth: unknown field; did you mean "health"\?$/m,
    ],
    [
      'an unknown mechanism',
      GOOD.replace('tomcat-swap', 'magic'),
      /pools\.shop\.sessions\.mechanism: found "magic", allowed: .*shared-store/,
    ],
    [
      'two machines the same',
      GOOD.replace('name: b', 'name: a'),
      /has a mistake:\n.*yaml:8 pools\.shop\.machines\.1\.name: found "a", allowed: .*different machines/,
    ],
    [
      'the same machine spelled otherwise',
      GOOD.replace(':8280', ':8180/'),
      /machines\.1\.url: found "http:\/\/127\.0\.0\.1:8180\/", allowed: a url that machine a of pool shop does not have/,
    ],
    [
      'one directory spelled twice',
      GOOD.replace('sessionDirectory: b', 'sessionDirectory: ./a'),
      /machines\.1\.sessionDirectory/,
    ],
    [
      'a table beside a file store',
      GOOD.replace('{ type: file }', '{ type: data-source, url: { env: X } }'),
      /machines\.0\.sessionTable: found nothing/,
    ],
    [
      'a table that is no name',
      GOOD.replace('sessionDirectory: a', 'sessionTable: a; drop table b'),
      /sessionTable: found .* allowed: the name of a table/,
    ],
    [
      'a time-out of nothing',
      GOOD.replace('{ path: /shop/health }', '{ path: /shop/health, timeoutMs: 0 }'),
      /timeoutMs: found 0, allowed: at least 1/,
    ],
    [
      'a budget that no proxy takes',
      `${GOOD}    limits: { holdBudgetMs: 60001 }\n`,
      /holdBudgetMs: found 60001, allowed: at most 60000/,
    ],
    [
      'a hold that ends before its budget',
      `${GOOD}    limits: { holdMaxMs: 99 }\n`,
      /yaml:18 pools\.shop\.limits\.holdMaxMs: found 99, allowed: at least 100, which is holdBudgetMs/,
    ],
    [
      'a budget longer than any hold',
      `${GOOD}    limits: { holdBudgetMs: 20000 }\n`,
      /yaml:18 pools\.shop\.limits\.holdMaxMs: found nothing, allowed: at least 20000, which is holdBudgetMs/,
    ],
    [
      'a health check longer than a boot',
      GOOD.replace('{ path: /shop/health }', '{ path: /shop/health, timeoutMs: 3000, bootTimeoutMs: 2999 }'),
      /yaml:17 pools\.shop\.health\.bootTimeoutMs: found 2999, allowed: at least 3000, which is timeoutMs/,
    ],
    [
      'a name that no cookie has',
      `${GOOD}    sessionId: { cookies: [sid, "a b"] }\n`,
      /yaml:18 pools\.shop\.sessionId\.cookies\.1: found "a b", allowed: the name of a cookie: letters, digits/,
    ],
    [
      'a header that is a cookie',
      `${GOOD}    sessionId: { headers: [Cookie] }\n`,
      /sessionId\.headers\.0: found "Cookie", allowed: the name of a header of the application's own such as X-Auth-Token/,
    ],
    [
      'a header that many clients have in common',
      `${GOOD}    sessionId: { headers: [X-Auth-Token, Host] }\n`,
      /sessionId\.headers\.1: found "Host", allowed: the name of a header of the application's own/,
    ],
    [
      'a cookie twice',
      `${GOOD}    sessionId: { cookies: [sid, SID, sid] }\n`,
      /sessionId\.cookies\.2: found "sid", allowed: each once: it stands in this list before/,
    ],
    [
      'a header twice, whatever its case',
      `${GOOD}    sessionId: { headers: [X-Auth-Token, x-auth-token] }\n`,
      /sessionId\.headers\.1: found "x-auth-token", allowed: each once/,
    ],
    [
      'an application twice',
      GOOD.replace('[/shop]', '[/shop, /office, /shop]'),
      /sessions\.contexts\.2: found "\/shop", allowed: each once/,
    ],
    [
      'an application whose sessions move and may be lost',
      GOOD.replace('contexts: [/shop]', 'contexts: [/shop, ""]\n      loseContexts: [/admin, //other.example/admin, ""]'),
      /sessions\.loseContexts\.2: found "", allowed: a context that is not in sessions\.contexts/,
    ],
    [
      'an application that may be lost and is no context path',
      GOOD.replace('contexts: [/shop]', 'contexts: [/shop]\n      loseContexts: [admin]'),
      /sessions\.loseContexts\.0: found "admin", allowed: a context path such as \/admin/,
    ],
    [
      'a canary that tries none of the applications',
      GOOD.replace('contexts: [/shop]', 'contexts: [/office]\n      canary: { path: /officers/cart }'),
      /sessions\.canary\.path: found "\/officers\/cart", allowed: a path in one of sessions\.contexts/,
    ],
    [
      'a path parameter that no path has',
      `${GOOD}    sessionId: { pathParameter: "jsessionid=" }\n`,
      /sessionId\.pathParameter: found "jsessionid=", allowed: the name of a path parameter/,
    ],
    [
      'session ids that are nowhere',
      `${GOOD}    sessionId: { cookies: [] }\n`,
      /sessionId: found .*, allowed: a mapping that names a cookie, a header, a pathParameter or a pathSegment/,
    ],
    [
      'session ids of tomcat-swap that are in no cookie',
      `${GOOD}    sessionId: { cookies: [], pathParameter: jsessionid }\n`,
      /has a mistake:\n.*yaml:18 pools\.shop\.sessionId\.cookies: found .*, allowed: the cookie of each of sessions\.contexts/,
    ],
    [
      'sessions that have ended before they are used',
      GOOD.replace(/sessions:[^]*?(?= {4}health)/, 'sessions: { mechanism: none, idleMs: 0 }\n'),
      /pools\.shop\.sessions\.idleMs: found 0, allowed: at least 1/,
    ],
    [
      'a pattern that would find nothing',
      GOOD.replace(
        /sessions:[^]*?(?= {4}health)/,
        "sessions: { mechanism: shared-store, canary: { path: /x, shows: 'began .*' } }\n",
      ),
      /sessions\.canary\.shows: found "began \.\*", allowed: a regular expression with one group/,
    ],
    [
      'a drain that ends before sessions without a move could have',
      GOOD.replace(/sessions:[^]*?(?= {4}health)/, 'sessions: { mechanism: none }\n    limits: { drain: { limitMs: 60000 } }\n'),
      /pools\.shop\.limits\.drain\.limitMs: found 60000, allowed: more than 1800000, which is sessions\.idleMs/,
    ],
    [
      'an address that is a url',
      `temporal: { address: "http://x" }\n${GOOD}`,
      /temporal\.address: found "http:\/\/x", allowed: host:port, such as 127\.0\.0\.1:7233/,
    ],
    [
      'a url with a path',
      GOOD.replace(':8180', ':8180/app'),
      /machines\.0\.url: found "http:\/\/127\.0\.0\.1:8180\/app", allowed: an origin/,
    ],
    ['a missing part', GOOD.replace(/ {4}health.*\n/, ''), /pools\.shop\.health: found nothing/],
    [
      'one address for clients and workers',
      `proxy: { listen: 127.0.0.1:80, admin: 127.0.0.1:80 }\n${GOOD}`,
      /yaml:1 proxy\.admin: found "127\.0\.0\.1:80", allowed: another address than proxy\.listen/,
    ],
    [
      'a port for an application that is no text',
      GOOD.replace('stateDirectory: state', 'stateDirectory: state, env: { PORT: 8080 }'),
      /env\.PORT: found a number, allowed: text: put it in quotes/,
    ],
    [
      'a number that is too small, once',
      GOOD.replace('{ path: /shop/health }', '{ path: /shop/health, intervalMs: -1 }'),
      /a mistake:\n.*intervalMs: found -1, allowed: at least 1\n/,
    ],
    ['no session directory', GOOD.replace('        sessionDirectory: b\n', ''), /machines\.1\.sessionDirectory: found nothing/],
    [
      'a port that there is not',
      `temporal: { address: "temporal:72330" }\n${GOOD}`,
      /temporal\.address: found "temporal:72330", allowed: host:port, such as 127\.0\.0\.1:7233, the port at most 65535/,
    ],
    [
      'a listener without a host',
      `proxy: { listen: 8080 }\n${GOOD}`,
      /yaml:1 proxy\.listen: found 8080, allowed: host:port, such as/,
    ],
    [
      'an address of every host without one for workers',
      `proxy:\n  admin: 0.0.0.0:8081\n${GOOD}`,
      /yaml:1 proxy\.adminUrl: found nothing, allowed: an origin without path, such as/,
    ],
    [
      'the same in IPv6',
      `proxy: { admin: "[::]:8081", adminUrl: null }\n${GOOD}`,
      /proxy\.adminUrl: found null, allowed: an origin/,
    ],
    ['broken YAML', 'pools: [', /yaml:1: (?!.*at line)/],
    ['a second document', `${GOOD}---\nmore: 1\n`, /several documents; one is allowed/],
  ])('%s', (_name, text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });
});

describe('what is allowed is said in words of the file', () => {
  test.each([
    ['mapping', `proxy: 7\n${GOOD}`, /proxy: found 7, allowed: a mapping, such as \{ key: value \}/],
    ['whole file', 'shop', /\(whole file\): found "shop", allowed: a mapping/],
    ['list', GOOD.replace('["true"]', 'run'), /machines\.0\.driver\.command: found "run", allowed: a list .* such as \[/],
    ['text', GOOD.replace('["true"]', '[true]'), /machines\.0\.driver\.command\.0: found true, allowed: text: put it in quotes/],
    ['whole number', `${GOOD}    limits: { batchSize: 1.5 }\n`, /batchSize: found 1\.5, allowed: a whole number/],
    ['another whole number', `${GOOD}    limits: { batchSize: "9" }\n`, /batchSize: found "9", allowed: a whole number/],
    ['one of a few', `${GOOD}    standby: warm\n`, /standby: found "warm", allowed: one of "hot", "cold"/],
    [
      'a type',
      GOOD.replace('type: process', 'type: kvm'),
      /driver\.type: found "kvm", allowed: one of "process", "libvirt", "vsphere"/,
    ],
    [
      'length of a list',
      GOOD.replace('[/shop]', '[]'),
      /contexts: found a list of 0, allowed: a list of at least one context path/,
    ],
    [
      'name of a virtual host',
      GOOD.replace('name: b', 'name: b\n        host: http://shop'),
      /machines\.1\.host: found "http:\/\/shop", allowed: what a Host header holds, such as shop\.example/,
    ],
    ['empty text', `temporal: { namespace: '' }\n${GOOD}`, /namespace: found "", allowed: text that is not empty/],
    [
      'number of machines',
      GOOD.replace(/ {6}- name: b[^]*?state \}\n/, ''),
      /machines: found a list of 1, allowed: a list of exactly two machines/,
    ],
    ['name of a pool', GOOD.replace('  shop:', '  my shop:'), /pools\.my shop: found "my shop", allowed: a name of 1 to 63/],
    ['pools', 'pools: {}', /pools: found a mapping, allowed: a mapping of at least one pool/],
    [
      'secret',
      GOOD.replace('{ env: MANAGER_PASSWORD }', '{}'),
      /password: found a mapping, allowed: \{ env: NAME \} of an environment variable, or \{ file: PATH \}/,
    ],
    [
      'secret that is not there',
      GOOD.replace(', password: { env: MANAGER_PASSWORD }', ''),
      /manager\.password: found nothing, allowed: \{ env: NAME \}/,
    ],
    [
      'url or null',
      `proxy: { adminUrl: "proxy-1:8081" }\n${GOOD}`,
      /adminUrl: found "proxy-1:8081", allowed: an origin .*, or null where the admin API listens/,
    ],
    ['alias', GOOD.replace('name: b', 'name: *b'), /yaml:\d+: \*b names nothing: &b must stand before it/],
    [
      'number of aliases',
      `x: &a [1, 1]\ny: &b [${'*a, '.repeat(20)}]\nz: &c [${'*b, '.repeat(20)}]\nu: [${'*c, '.repeat(20)}]\n${GOOD}`,
      /too many aliases; write out what they stand for/,
    ],
    [
      'an address of its own',
      `proxy: { listen: "0.0.0.0:8280" }\n${GOOD}`,
      /yaml:1 proxy\.listen: found "0\.0\.0\.0:8280", allowed: another address than http:\/\/127\.0\.0\.1:8280, the url of machine b/,
    ],
    ['text or null', `${GOOD}    sessionId: { pathParameter: false }\n`, /pathParameter: found false, allowed: .*, or null/],
    [
      'mapping or null',
      GOOD.replace(/sessions:[^]*?(?= {4}health)/, 'sessions: { mechanism: shared-store, canary: /x }\n'),
      /canary: found "\/x", allowed: \{ path: PATH, shows: PATTERN, form: PATH \}, or null/,
    ],
  ])('%s', (_name, text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/allowed: (object|record|array|string|number|int|Invalid)/);
  });
});

test('what a proxy is told by its command line completes the file, and nobody else needs it', () => {
  const everywhere = `proxy: { admin: "0.0.0.0:8081" }\n${GOOD}`;
  const told = { adminUrl: 'http://proxy-1:8081', name: undefined };
  expect(load(everywhere, ENV, { proxy: told }).proxy).toMatchObject({ name: 'proxy', adminUrl: 'http://proxy-1:8081' });
  expect(load(everywhere, ENV, { proxy: { admin: { host: 'proxy', port: 1 } } }).proxy.adminUrl).toBeNull();
  expect(load(everywhere, ENV, { proxy: 'elsewhere' }).proxy.admin).toEqual({ host: '0.0.0.0', port: 8081 });

  const completedWrongly = refusal(GOOD, ENV, { proxy: { admin: { host: '::', port: 8081 } } });
  expect(completedWrongly.message).toMatch(/^--admin-url: found nothing/);
});

test.each(['quatsch', ' 127.0.0.1:7233', '127.0.0.1:7233 ', 'temporal:72330', 'http://temporal:7233', 'temporal:'])(
  'a variable that holds no address is refused by its name: "%s"',
  (address) => {
    expect(refusal(GOOD, { ...ENV, VM_REJUV_TEMPORAL_ADDRESS: address })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `VM_REJUV_TEMPORAL_ADDRESS: found "${address}", allowed: host:port, such as 127.0.0.1:7233, the port at most 65535.`,
    });
  },
);

test.each(['two words', 'token ', 'token\n', 'tök'])(
  'an admin token that no header can hold is refused without being repeated: "%s"',
  (token) => {
    const { code, message } = refusal(GOOD, { ...ENV, VM_REJUV_ADMIN_TOKEN: token });
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toBe(
      'VM_REJUV_ADMIN_TOKEN: found a value that is not shown, as it may be a secret, allowed: visible ASCII characters without white space.',
    );
  },
);

test('an IPv6 address stands in brackets', () => {
  const config = load(`proxy: { listen: "[::1]:8080" }\ntemporal: { address: "[::1]:7233" }\n${GOOD}`);
  expect(config.proxy.listen).toEqual({ host: '::1', port: 8080 });
  expect(config.temporal.address).toBe('[::1]:7233');
});

test('a machine that two pools name is refused, by pool', () => {
  const twice = GOOD + GOOD.replace('pools:\n', '').replace('  shop:', '  other:');

  expect(refusal(twice).message).toMatch(/pools\.other\.machines\.0\.url: .*machine a of pool shop/);
});

test('an origin is accepted however it is spelled', () => {
  expect(load(GOOD.replace('http://127.0.0.1:8180', 'http://Tomcat-A:80/')).pools['shop']?.machines[0].url).toBe(
    'http://tomcat-a',
  );
});

test.each(['hunter2', 'postgres://u:hunter2@127.0.0.1:99999/db'])(
  'a database that is none is refused without being repeated: %s',
  (url) => {
    const error = refusal(GOOD, { ...ENV, VM_REJUV_DATABASE_URL: url });

    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('hunter2') as string });
  },
);

test.each([
  ['its name', '{ env: MANAGER_PASSWORD }', 'hunter2'],
  ['what it belongs to', '{ user: vm-rejuv, password: { env: MANAGER_PASSWORD } }', 'vm-rejuv:hunter2'],
  ['its store', '{ type: file }', 'postgres://u:hunter2@h/db'],
])('a password in the file in place of %s is refused without being repeated', (_place, good, bad) => {
  const error = refusal(GOOD.replace(good, bad));

  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).not.toContain('hunter2');
});

test.each(['http://u:hunter2@h:1', 'http://u:hun/ter2@h:1', 'u:hunter2@h:1', 'http:/u:hunter2@h'])(
  'a password in a URL that is refused is not repeated: %s',
  (url) => {
    const { message } = refusal(GOOD.replace('http://127.0.0.1:8180', url));
    expect(message).toContain('found "...@h');
    expect(message).not.toMatch(/ter2/);

    const inVariable = refusal(GOOD, { ...ENV, VM_REJUV_TEMPORAL_ADDRESS: url });
    expect(inVariable.message).toContain('found "...@h');
    expect(inVariable.message).not.toMatch(/ter2/);
  },
);

test('an empty variable that should name a file says nothing', () => {
  const env = { ...ENV, VM_REJUV_ADMIN_TOKEN_FILE: '', VM_REJUV_DATABASE_URL_FILE: '' };
  expect(load(GOOD, env).adminToken).toBe(ENV.VM_REJUV_ADMIN_TOKEN);
});

test('whoever knows another way than the variable has it said', () => {
  const error = refusal(GOOD, { ...ENV, VM_REJUV_ADMIN_TOKEN: '' }, { orElse: 'ask' });
  expect(error).toMatchObject({
    code: 'SECRET_MISSING',
    remedy: expect.stringMatching(/VM_REJUV_ADMIN_TOKEN_FILE, or ask\.$/) as string,
  });
  expect(refusal(GOOD, { ...ENV, MANAGER_PASSWORD: '' }, { orElse: 'ask' }).remedy).not.toContain('ask');
});

test('of a file that is no YAML the first mistake is told, not what follows from it', () => {
  const { message } = refusal(GOOD.replace('pools:', 'pools: ['));

  expect(message).toMatch(/has a mistake:\n.*yaml:\d+: /);
});

test('who asks no application server goes without their passwords', () => {
  const { pools } = load(GOOD, { ...ENV, MANAGER_PASSWORD: '' }, { secrets: 'none' });

  expect(pools).toMatchObject({ shop: { sessions: { manager: { user: 'vm-rejuv', password: '' } } } });
});

test('a file of a secret that is not there is named by its whole path', () => {
  const inFile = GOOD.replace('password: { env: MANAGER_PASSWORD }', 'password: { file: nowhere }');

  expect(refusal(inFile).message).toContain(`the file ${join(directory, 'nowhere')} cannot be read (ENOENT)`);
});

test('a missing secret and a missing file say what to set', () => {
  expect(refusal(GOOD, { ...ENV, MANAGER_PASSWORD: '' })).toMatchObject({
    code: 'SECRET_MISSING',
    remedy: expect.stringMatching(/MANAGER_PASSWORD/) as string,
  });
  expect(() => loadConfig(join(directory, 'nowhere.yaml'), ENV)).toThrow(/cannot be read/);
});
