import { expect, onTestFinished, test, vi } from 'vitest';
import { createWorkerWarning } from '../../cli/worker-warning.js';
import { noWorker } from '../../worker/temporal-client.js';

const temporal = { address: 'nowhere:1', addressIsGiven: true, namespace: 'default', taskQueue: 'shop' };

test('that no worker answers is said once for each silence that lasts, and never of a moment', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const said = vi.spyOn(console, 'log').mockReturnValue();
  onTestFinished(() => {
    vi.useRealTimers();
    said.mockRestore();
  });
  const silence = noWorker(temporal, 'No worker answers of');
  const tell = createWorkerWarning({});
  const after = (ms: number, answered: boolean): number => {
    vi.advanceTimersByTime(ms);
    tell(answered ? null : silence);
    return said.mock.calls.length;
  };

  expect(after(1000, false)).toBe(0);
  expect(after(5000, false)).toBe(1);
  expect(after(5000, false)).toBe(1);
  expect(said.mock.calls[0]?.[0]).toContain('NO_WORKER');

  expect(after(1000, true)).toBe(1);
  expect(after(1000, false)).toBe(1);
  expect(after(1000, true)).toBe(1);
  expect(after(1000, false)).toBe(1);
  expect(after(5000, false)).toBe(2);
});
