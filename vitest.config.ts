import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** What takes longest, first: begun last it would run alone in the end. */
const SLOW = ['/test/restart/tomcat.test', '/test/cli/', '/test/restart/', '/test/chaos/', '/test/workflows/'];

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = SLOW.findIndex((part) => moduleId.includes(part));
      return at < 0 ? SLOW.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

// Worker threads crash Temporal's native bridge; long tests run by `npm run test:long` only.
export default defineConfig({
  test: {
    pool: 'forks',
    // Long tests load both cores by themselves; the others wait for most of their time.
    maxWorkers: process.env['VM_REJUV_LONG'] ? 1 : 4,
    include: [process.env['VM_REJUV_LONG'] ? 'test/long/**/*.test.ts' : 'test/**/*.test.ts'],
    exclude: process.env['VM_REJUV_LONG'] ? [] : ['test/long/**'],
    sequence: { sequencer: SlowFirst },
    globalSetup: 'test/fixtures/global-setup.ts',
    // Nothing fails for being slow: a loaded machine takes several times as long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
