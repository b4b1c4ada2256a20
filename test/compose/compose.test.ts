// docker-compose.yml keeps what its operator relies on. test/compose/run.sh runs it.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checks } from './checks.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const compose = read('docker-compose.yml');
const cli = read('cli/main.ts');

/** For each check what breaks the file, and what must be said then. */
const BROKEN: Record<keyof typeof checks, [find: string | RegExp, replacement: string, complaint: string][]> = {
  pinned: [
    ['postgres:16.10', 'postgres:latest', 'postgres runs postgres:latest'],
    ['temporalio/ui:2.34.0', 'temporalio/ui', 'temporal-ui runs temporalio/ui,'],
    ['    image: temporalio/server:1.30.1\n', '', 'temporal runs an image without a name'],
  ],
  noDefaultSecrets: [
    [/\$\{VM_REJUV_ADMIN_TOKEN:\?[^}]*\}/, '${VM_REJUV_ADMIN_TOKEN:-secret}', 'VM_REJUV_ADMIN_TOKEN:-secret} has a default'],
    [/\$\{POSTGRES_PASSWORD:\?[^}]*\}/, '${POSTGRES_PASSWORD}', 'does not say where it is filled in'],
    [/POSTGRES_PASSWORD: \$\{[^}]*\}/, 'POSTGRES_PASSWORD: postgres', 'postgres has POSTGRES_PASSWORD written into the file'],
    [/VM_REJUV_DATABASE_URL: .*/, 'VM_REJUV_DATABASE_URL: postgres://a:b@c/d', 'worker has VM_REJUV_DATABASE_URL written'],
  ],
  onlyClientsReach: [
    ['127.0.0.1:8081:8081', '8081:8081', 'proxy publishes "8081:8081" beyond loopback'],
    ['127.0.0.1:8233:8080', '0.0.0.0:8233:8080', 'temporal-ui publishes "0.0.0.0:8233:8080" beyond loopback'],
    ['- 127.0.0.1:7233:7233', '- { published: 7233, target: 7233 }', 'temporal publishes {"published":7233,"target":7233}'],
  ],
  staysUp: [
    ['restart: unless-stopped', "restart: 'no'", 'worker stays down when it has ended'],
    ['image: temporalio/admin-tools:1.30.1', 'restart: always', 'temporal-schema completes, yet it is restarted'],
  ],
  knowsItsDependencies: [
    [/ {4}healthcheck:\n.*\n {6}test: \[CMD, pg_isready(.*\n){4}/, '', 'postgres has no health check, and proxy waits for it'],
    ['condition: service_healthy', 'condition: service_started', 'temporal-schema needs postgres only to have been started'],
    ['temporal-namespace:\n        condition', 'nobody:\n        condition', 'worker needs nobody, which is not there'],
    [
      /depends_on:\n {6}postgres:\n.*\n {4}healthcheck/,
      'depends_on: [postgres]\n    healthcheck',
      'proxy does not say in which state',
    ],
  ],
  commandsExist: [
    ['command: [worker]', 'command: [work]', 'worker runs "work", which is no command'],
    [/command: \[proxy,.*/, '', 'proxy runs "", which is no command'],
  ],
};

for (const [name, check] of Object.entries(checks)) {
  test(`docker-compose.yml passes ${name}`, () => {
    expect(check(compose, cli)).toEqual([]);
  });

  test.each(BROKEN[name as keyof typeof checks])(
    `${name} refuses a file with %s replaced by %s`,
    (find, replacement, complaint) => {
      const broken = compose.replace(find, replacement);
      expect(broken).not.toBe(compose);
      expect(check(broken, cli).join('\n')).toContain(complaint);
    },
  );
}
