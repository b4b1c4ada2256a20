import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../config/load.js';
import { threeVms } from '../../demo/three-vms.js';

const EXAMPLE = new URL('../../examples/three-vms/', import.meta.url);

test.each(Object.entries(threeVms()))('examples/three-vms/%s is what the demo uses', (name, text) => {
  expect(readFileSync(new URL(name, EXAMPLE), 'utf8'), 'npm run build && node dist/demo/three-vms-main.js').toBe(text);
});

test('its vm-rejuv.yaml is a configuration', () => {
  const secrets = { TOMCAT_MANAGER_PASSWORD: 'p', SESSIONS_DATABASE_URL: 'postgres://x/y', VM_REJUV_ADMIN_TOKEN: 't'.repeat(32) };
  const env = { ...secrets, VM_REJUV_DATABASE_URL: 'postgres://x/y' };
  const { pools } = loadConfig(new URL('vm-rejuv.yaml', EXAMPLE).pathname, env);
  expect(pools['shop']?.machines.map(({ driver }) => driver.type)).toEqual(['libvirt', 'libvirt']);
});
