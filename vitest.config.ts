import { defineConfig } from 'vitest/config';

/** Tests that load two cores by themselves, or need what not every host has, run by a command of their own only. */
const apart = process.env['VM_REJUV_LONG'] ? 'long' : process.env['VM_REJUV_GUESTS'] ? 'guests' : null;

// Worker threads crash Temporal's native bridge.
export default defineConfig({
  test: {
    pool: 'forks',
    // A third of the work would be to import the same modules anew for each file. No test keeps anything in them.
    isolate: false,
    // Of the others, which often wait, it takes five to load two cores.
    maxWorkers: apart === null ? 5 : 1,
    include: [apart === null ? 'test/**/*.test.ts' : `test/${apart}/**/*.test.ts`],
    exclude: apart === null ? ['test/long/**', 'test/guests/**'] : [],
    globalSetup: 'test/fixtures/global-setup.ts',
    // Nothing fails for being slow: a loaded machine takes several times as long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
