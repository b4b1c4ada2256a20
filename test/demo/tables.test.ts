import { expect, test } from 'vitest';
import { renderKept } from '../../demo/kept.js';
import { renderLeak } from '../../demo/leak-table.js';
import type { WindowReport } from '../../demo/load/report.js';
import { renderComparison } from '../../demo/table.js';
import type { CleanRestartResult } from '../../workflows/clean-restart.js';

const report = (p99Ms: number): WindowReport => ({
  ...{ requests: 5, failed: 0, sessionsLost: 0, updatesLost: 0, reasons: {} },
  ...{ longestWaitMs: 9, p50Ms: 3, p99Ms },
});

const result: CleanRestartResult = {
  ...{ pool: 'shop', from: 'a', to: 'b', sessionsMoved: 2, sessionsNotMoved: 0, holdsExpired: 0, reason: null, begunBy: 'demo' },
  ...{ holdMs: { p50: 1, p99: 2, max: 3 }, tookMs: 7, steps: [{ name: 'swapRoles', ms: 67 }] },
};

test('the columns of the comparison stay apart and in line, whatever the figures are', () => {
  for (const [before, during] of [
    [7.5, 29.8],
    [123_456.7, 1_234_567.8],
  ] as const) {
    const run = {
      result,
      beforePlain: report(before),
      plain: report(during),
      beforeClean: report(before),
      clean: report(during),
    };
    const lines = renderComparison(run).split('\n');

    const cell = `${before} / ${during} ms`;
    expect(lines.find((line) => line.startsWith('  p99'))).toMatch(new RegExp(`^  p99 before / during +${cell} {2,}${cell}$`));
    expect(new Set(lines.slice(0, lines.indexOf('')).map(({ length }) => length)).size).toBe(1);
    const requests = lines.find((line) => line.includes('requests')) ?? '';
    expect(lines.find((line) => line.includes('swapRoles'))).toHaveLength(requests.indexOf('5') + 1);
  }
});

test('a leak is told with what it came to before the restart, and what is left of it after', () => {
  const sample = (atMs: number, value: number): Parameters<typeof renderLeak>[0]['samples'][number] => ({
    ...{ machine: 'a', series: 'threads', atMs, value, limit: 2000 },
  });
  const run = {
    ...({ leak: 'threads', report: report(1), evidence: 'it rises', result, workflowId: '', workflowUrl: '', url: '' } as const),
    ...{
      restartedAtMs: 3,
      directory: '',
      maxLoadSeconds: 600,
      publish: () => Promise.resolve(''),
      close: () => Promise.resolve(),
    },
  };
  const told = renderLeak({ ...run, samples: [sample(1, 40), sample(2, 1451), sample(3, 61), sample(4, 64)] });
  expect(told).toMatch(/Just before the restart: threads 1451 of 2000\n +At the end, after it: +threads 64 of 2000\n/);
  expect(renderLeak({ ...run, samples: [sample(2, 1451)] })).toMatch(/after it: +not measured yet\n/);
});

test('a demo that stays up says for how long, what goes with it, and which demo has what needs a policy', () => {
  const kept = { directory: '/tmp/demo', maxLoadSeconds: 900 };
  expect(renderKept({ ...kept, leak: undefined })).toMatch(
    /Ctrl-C ends it and removes its folder, \/tmp\/demo\. The load .* 15 minutes .*\n.*no policy.* --leak threads --keep/,
  );
  expect(renderKept({ ...kept, leak: 'slow' })).toMatch(/\n.*has a policy/);
});
