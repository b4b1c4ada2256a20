import { expect, test } from 'vitest';
import { GOOD, load, refusal } from '../fixtures/config-file.js';

const SESSIONS =
  'sessions: { mechanism: wildfly, deployment: shop.war, management: { user: u, password: { env: MANAGER_PASSWORD } } }';
const WILDFLY = GOOD.replace(/sessions:[^]*?(?= {4}health)/, `${SESSIONS}\n`);

test('a pool of WildFlys has their names of session ids, and its secret from where it is named', () => {
  const pool = load(WILDFLY).pools['shop'];
  expect(pool?.sessions).toMatchObject({
    canary: null,
    loseDeployments: [],
    management: { password: 'secret', url: 'http://{host}:9990' },
  });
  expect(pool?.sessionId).toMatchObject({ cookies: ['JSESSIONID'], routeMarker: 'suffix-dot' });
});

test.each([
  ['shop.war', '/shop', /sessions\.deployment: found "\/shop", allowed: the name of a deployment/],
  ['user: u', 'user: "Jörg"', /management\.user: found .*, allowed: the name of a user, of visible ASCII/],
  ['user: u', 'user: u, url: "http://{host}:9990/management"', /management\.url: found .*, allowed: .*without a path/],
  ['user: u', 'user: u, url: "http://a:b@{host}:9990"', /management\.url: found .*, allowed/],
  ['user: u', 'user: u, url: "http://{hsot}:9990"', /management\.url: found .*, allowed: .*\{machine\} its name/],
  ['{ env: MANAGER_PASSWORD }', 'secret', /management\.password: found .*, allowed: \{ env: NAME \}/],
  [
    'shop.war',
    'shop.war, loseDeployments: [b.war, shop.war]',
    /loseDeployments\.1: found "shop\.war", allowed: a deployment that is not/,
  ],
  ['shop.war', 'shop.war, loseDeployments: [b.war, b.war]', /loseDeployments\.1: found "b\.war", allowed: each once/],
  ['deployment: shop.war, ', '', /sessions\.deployment: found nothing/],
])('%s in place of which stands %s is refused by what is allowed', (right, wrong, complaint) => {
  expect(refusal(WILDFLY.replace(right, wrong)).message).toMatch(complaint);
});
