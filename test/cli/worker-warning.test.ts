// What Temporal says of workers is made up here: that it forgets one takes it more than a minute.

import type { Client } from '@temporalio/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createWorkerWarning } from '../../cli/worker-warning.js';

const temporal = { address: 'nowhere:1', addressIsGiven: true, namespace: 'default', taskQueue: 'shop' };

test('that no worker is there is said once for each absence, and never while one is', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const said = vi.spyOn(console, 'log').mockReturnValue();
  onTestFinished(() => {
    vi.useRealTimers();
    said.mockRestore();
  });
  let pollers: { lastAccessTime: { seconds: number } }[] = [];
  const client = {
    withDeadline: (_deadline: number, ask: () => Promise<unknown>) => ask(),
    workflowService: { describeTaskQueue: () => Promise.resolve({ pollers }) },
  } as unknown as Client;
  const tell = createWorkerWarning(client, temporal, {});
  const after = async (ms: number, answered: boolean): Promise<number> => {
    vi.advanceTimersByTime(ms);
    await tell(answered);
    return said.mock.calls.length;
  };

  expect(await after(1000, false)).toBe(0);
  expect(await after(5000, false)).toBe(1);
  expect(await after(5000, false)).toBe(1);
  expect(said.mock.calls[0]?.[0]).toContain('NO_WORKER');

  expect(await after(1000, true)).toBe(1);
  pollers = [{ lastAccessTime: { seconds: Date.now() / 1000 } }];
  expect(await after(1000, false)).toBe(1);
  expect(await after(5000, false)).toBe(1);
  pollers = [];
  expect(await after(1000, false)).toBe(2);
});
