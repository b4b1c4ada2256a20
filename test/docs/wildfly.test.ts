import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../config/load.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const EXAMPLE = 'examples/servers/wildfly/';

test.each([EXAMPLE, 'examples/servers/tomcat-cluster/'])("%sweb.xml is the shop's own, and distributable", (example) => {
  const own = read('demo/tomcat-app/src/main/webapp/WEB-INF/web.xml');
  const laidOver = read(`${example}web.xml`);
  expect(laidOver).not.toBe(own);
  expect(laidOver.replace('  <distributable/>\n', '')).toBe(own);
});

test('the vm-rejuv.yaml for WildFly is a configuration', () => {
  const secrets = { WILDFLY_PASSWORD: 'p', VM_REJUV_ADMIN_TOKEN: 't' };
  const env = { ...secrets, VM_REJUV_DATABASE_URL: 'postgres://x/y' };
  const { pools } = loadConfig(new URL(`${EXAMPLE}vm-rejuv.yaml`, ROOT).pathname, env);
  expect(pools['shop']?.sessions).toMatchObject({ management: { password: 'p', url: 'http://{host}:9990' } });
});
