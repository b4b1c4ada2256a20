import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CheckLines } from '../../cli/check-lines.js';
import { OperatorError } from '../../config/operator-error.js';

const FOREVER_MS = 2 ** 31 - 1;

function startLines(limits: { lineMs: number; tellMs: number }): { lines: CheckLines; printed: unknown[]; said: string[] } {
  const printed: unknown[] = [];
  const said: string[] = [];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(JSON.parse(line))),
    vi.spyOn(console, 'error').mockImplementation((line: string) => void said.push(line)),
  ];
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  return { lines: new CheckLines({ json: true }, { ...limits, handOverMs: limits.lineMs }), printed, said };
}

test('a line that takes too long says what it has waited for and what to do, and takes nothing from the next one', async () => {
  const { lines, printed, said } = startLines({ lineMs: 100, tellMs: 10 });
  await lines.item('one', async ({ signal, onSeen }) => {
    onSeen('Machine b is not there');
    await sleep(FOREVER_MS, undefined, { signal });
  });
  await lines.item('other', ({ signal }) => sleep(1, undefined, { signal }));

  expect(printed).toMatchObject([
    {
      ...{ check: 'one', ok: false, code: 'CHECK_TIMEOUT' },
      message: expect.stringContaining('after 0.1 s: Machine b is not there.') as string,
      remedy: expect.stringContaining('check again') as string,
    },
    { check: 'other', ok: true },
  ]);
  expect(lines.failed).toBe(1);
  // For people, and not among what a program reads.
  expect(said[0]).toMatch(/^\.\.\. {3}one: for \d+ s of at most 0\.1: Machine b is not there$/);
});

test('a line of a longer time has that, and one that fails by itself says so', async () => {
  const { lines, printed } = startLines({ lineMs: 1, tellMs: FOREVER_MS });

  await lines.item('long', ({ signal }) => sleep(50, undefined, { signal }), undefined, FOREVER_MS);
  await lines.item('late', async ({ signal }) => {
    await sleep(FOREVER_MS, undefined, { signal }).catch(() => undefined);
    throw new OperatorError('HYPERVISOR_UNREACHABLE', 'It does not answer.', 'Look at it.');
  });

  expect(printed).toMatchObject([
    { check: 'long', ok: true },
    { check: 'late', ok: false, code: 'HYPERVISOR_UNREACHABLE' },
  ]);
});
