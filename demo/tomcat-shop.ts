// The Tomcat shop as a pool: two unmodified Tomcats, each with a session directory of its own.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../embedded/ports.js';
import { createTomcatBase, provideTomcat, tomcatCommand } from '../embedded/tomcat.js';
import type { PoolFile } from './installation.js';

const PREPARE_TIMEOUT_MS = 600_000;

export async function tomcatShop(directory: string, onProgress?: (line: string) => void): Promise<PoolFile> {
  const kit = await provideTomcat(onProgress ?? (() => undefined), AbortSignal.timeout(PREPARE_TIMEOUT_MS));
  const managerPassword = randomBytes(18).toString('base64url');
  const machine = async (name: string): Promise<Record<string, unknown>> => {
    const port = await freePort();
    const base = join(directory, name);
    const sessionDirectory = join(directory, `${name}-sessions`);
    await createTomcatBase({ kit, base, port, managerPassword, sessionDirectory: join(sessionDirectory, 'shop') });
    return {
      name,
      url: `http://127.0.0.1:${port}`,
      sessionDirectory,
      driver: {
        type: 'process',
        ...tomcatCommand(kit, base),
        cwd: base,
        stateDirectory: join(directory, 'machines'),
        stopTimeoutMs: 10_000,
      },
    };
  };
  return {
    pool: {
      machines: [await machine('tomcat-a'), await machine('tomcat-b')],
      sessions: {
        mechanism: 'tomcat-swap',
        contexts: ['/shop'],
        store: { type: 'file' },
        manager: { user: 'vm-rejuv', password: { env: 'TOMCAT_MANAGER_PASSWORD' } },
        canary: { path: '/shop/cart', attributes: ['cart'] },
      },
      health: { path: '/shop/health', bootTimeoutMs: 120_000 },
    },
    secrets: { TOMCAT_MANAGER_PASSWORD: managerPassword },
  };
}
