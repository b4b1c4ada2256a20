import { defineConfig } from 'vitest/config';

// Worker threads crash Temporal's native bridge; long tests run by `npm run test:long` only.
export default defineConfig({
  test: {
    pool: 'forks',
    // Long tests load two cores by themselves; of the others, which often wait, it takes five to do so.
    maxWorkers: process.env['VM_REJUV_LONG'] ? 1 : 5,
    include: [process.env['VM_REJUV_LONG'] ? 'test/long/**/*.test.ts' : 'test/**/*.test.ts'],
    exclude: process.env['VM_REJUV_LONG'] ? [] : ['test/long/**'],
    globalSetup: 'test/fixtures/global-setup.ts',
    // Nothing fails for being slow: a loaded machine takes several times as long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
