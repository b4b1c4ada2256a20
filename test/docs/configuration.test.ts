import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../config/load.js';

const DOCUMENT = new URL('../../docs/configuration.md', import.meta.url);
const ENV = {
  VM_REJUV_DATABASE_URL: 'postgres://x',
  VM_REJUV_ADMIN_TOKEN: 't',
  TOMCAT_MANAGER_PASSWORD: 'p',
  SESSIONS_DATABASE_URL: 'postgres://y',
  LIBERTY_METRICS_PASSWORD: 'p',
  VSPHERE_PASSWORD: 'p',
  WILDFLY_PASSWORD: 'p',
};

function load(yaml: string): ReturnType<typeof loadConfig> {
  const directory = mkdtempSync(join(tmpdir(), 'vm-rejuv-docs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'vm-rejuv.yaml');
  writeFileSync(file, yaml);
  return loadConfig(file, ENV);
}

const [shortest = '', example = ''] = [...readFileSync(DOCUMENT, 'utf8').matchAll(/```yaml\n([^]*?)```/g)].map(
  ([, yaml]) => yaml,
);

test('the shortest example of the documentation is accepted', () => {
  expect(load(shortest).pools['shop']?.sessions.mechanism).toBe('shared-store');
});

test('the example with everything is accepted', () => {
  expect(load(example).pools['shop']?.sessions.mechanism).toBe('tomcat-swap');
});

test.each([...example.matchAll(/^ *# (sessions: \{.*?\})   #.*$/gm)].map(([, line]) => line ?? ''))(
  'its alternative is accepted: %s',
  (line) => {
    const other = example.replace(/ {4}sessions:[^]*?(?= {4}# sessions)/, `    ${line}\n`);
    expect(load(other).pools['shop']?.sessions.mechanism).not.toBe('tomcat-swap');
  },
);

test.each([...example.matchAll(/^ *# (driver: \{ type: (\w+),.*\})(?: {3}#.*)?$/gm)].map(([, line = '', type]) => [type, line]))(
  'its other driver is accepted: %s',
  (type, line) => {
    const other = example.replace(/driver: \{ type: process.*$/m, line);
    expect(load(other).pools['shop']?.machines[1].driver.type).toBe(type);
  },
);

const HYPERVISORS = readFileSync(new URL('../../docs/hypervisors.md', import.meta.url), 'utf8');
const sections = [...HYPERVISORS.matchAll(/^## (.*)\n[^]*?```yaml\n([^]*?)```([^]*?)(?=^## )/gm)].map(
  ([, name = '', yaml = '', rest = '']) => ({
    ...{ name, yaml },
    incarnations: [...rest.matchAll(/^\| `(\{ type: .*?\})` \|/gm)].map(([, text]) => text ?? ''),
  }),
);

test('each section of a hypervisor has an example, and says who tells boots apart', () => {
  expect(sections.map(({ name, incarnations }) => [name, incarnations.length])).toEqual([
    ['libvirt', 4],
    ['vSphere', 3],
  ]);
});

test.each(sections.flatMap(({ name, yaml, incarnations }) => incarnations.map((text) => ({ name, yaml, text }))))(
  'the example of $name is accepted with incarnation: $text',
  ({ yaml, text }) => {
    const other = yaml.replace(/(incarnation: )\{ type: .*?\}/, `$1${text.replace('URL', 'http://10.0.0.5/')}`);
    const driver = load(other).pools['shop']?.machines[0].driver;
    expect(driver).toMatchObject({ incarnation: { type: /type: ([\w-]+)/.exec(text)?.[1] } });
  },
);

test('its other store is accepted', () => {
  const [, store = ''] = /or (\{ type: data-source.*\} \})$/m.exec(example) ?? [];
  const other = example
    .replace('store: { type: file }', `store: ${store}`)
    .replace(/^( *)sessionDirectory: \/srv\/sessions\/(.).*$/gm, '$1sessionTable: sessions_$2');
  expect(load(other).pools['shop']?.sessions).toMatchObject({ store: { type: 'data-source', url: 'postgres://y' } });
});
