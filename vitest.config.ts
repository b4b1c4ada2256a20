import { defineConfig } from 'vitest/config';

/** Tests that take long, or need what not every host has, run by a command of their own only. */
const apart =
  ['LONG', 'BROWSER', 'GUESTS', 'SERVERS', 'XEN', 'VM'].find((name) => process.env[`VM_REJUV_${name}`])?.toLowerCase() ?? null;

const ordinary = {
  pool: 'forks',
  include: ['test/**/*.test.ts'],
  exclude: ['long', 'slow', 'browser', 'guests', 'servers', 'xen', 'vm'].map((folder) => `test/${folder}/**`),
  // It takes five that often wait to load two cores.
  maxWorkers: 5,
} as const;

/** One after the other: each loads two cores by itself, or boots machines on them. */
const alone = (folder: string) => ({ ...ordinary, include: [`test/${folder}/**/*.test.ts`], exclude: [], maxWorkers: 1 });
const slow = { ...ordinary, include: ['test/slow/**/*.test.ts'], exclude: [], maxWorkers: 4 };

const fixture = (name: string): string => `test/fixtures/${name}.ts`;

export default defineConfig({
  test: {
    // Worker threads crash Temporal's native bridge.
    pool: 'forks',
    // A third of the work would be to import the same modules anew for each file. No test keeps anything in them.
    isolate: false,
    // Those of virtual machines start servers that their guests reach.
    globalSetup: apart === 'vm' ? [] : ['global-setup', ...(apart === 'guests' ? ['libvirt-setup'] : [])].map(fixture),
    // Nothing fails for being slow: a loaded machine takes several times as long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    ...(apart === null ? ordinary : apart !== 'long' && alone(apart)),
    // One waits for its guest while the other's boots.
    ...(apart === 'guests' && { maxWorkers: 2 }),
    // Xen itself is emulated, and its guests with it.
    ...(apart === 'xen' && { testTimeout: 900_000 }),
    ...(apart === 'long' && {
      projects: [
        { extends: true, test: { ...slow, name: 'slow', sequence: { groupOrder: 0 } } },
        { extends: true, test: { ...alone('long'), name: 'long', sequence: { groupOrder: 1 } } },
      ],
    }),
  },
});
