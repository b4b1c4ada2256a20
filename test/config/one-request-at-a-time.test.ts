import { expect, test } from 'vitest';
import { GOOD, load } from '../fixtures/config-file.js';

const MANAGER = 'manager: { user: u, password: { env: MANAGER_PASSWORD } }';

test.each([
  ['tomcat-swap', `contexts: [/shop], store: { type: file }, ${MANAGER}`, false],
  // Its managers lose one of two changes that are made at once.
  ['tomcat-cluster', `contexts: [/shop], ${MANAGER}`, true],
  ['shared-store', 'settleMs: 100', false],
  [
    'liberty',
    'contexts: [/shop], metrics: { url: "http://{host}/metrics", login: { user: u, password: { env: MANAGER_PASSWORD } } }',
    false,
  ],
  ['wildfly', 'deployment: shop.war, management: { user: u, password: { env: MANAGER_PASSWORD } }', false],
  ['none', 'idleMs: 1000', false],
])('a session has one request at a time where %s needs that, or where it is asked for', (mechanism, fields, byDefault) => {
  const asked = (more: string): unknown => {
    const sessions = `sessions: { mechanism: ${mechanism}, ${fields}${more} }\n`;
    return load(GOOD.replace(/sessions:[^]*?(?= {4}health)/, sessions)).pools['shop']?.sessions.oneRequestAtATime;
  };

  expect(asked('')).toBe(byDefault);
  expect(asked(`, oneRequestAtATime: ${String(!byDefault)}`)).toBe(!byDefault);
});
