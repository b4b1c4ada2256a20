import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { TimeLimitError, within } from '../../config/within.js';

const FOREVER_MS = 2 ** 31 - 1;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('what takes too long is aborted, also after a garbage collection', async () => {
  const { signal } = new AbortController();
  const limited = within(300, signal, (both) => sleep(FOREVER_MS, undefined, { signal: both }));
  const refused = expect(limited).rejects.toBeInstanceOf(TimeLimitError);
  for (let times = 0; times < 3; times++) {
    await sleep(20);
    collectGarbage();
  }
  await refused;
});

test('what is aborted from outside rejects with that, and what works resolves', async () => {
  const outer = new AbortController();
  const aborted = within(FOREVER_MS, outer.signal, (both) => sleep(FOREVER_MS, undefined, { signal: both }));
  outer.abort();
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(await within(FOREVER_MS, undefined, () => Promise.resolve('done'))).toBe('done');
});

test('what ignores its abort is not waited for, and what becomes of it troubles nobody', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const outer = new AbortController();
  let fail = (_error: Error): void => undefined;
  const deaf = (): Promise<never> => new Promise((_resolve, reject) => (fail = reject));

  await expect(within(20, outer.signal, deaf)).rejects.toBeInstanceOf(TimeLimitError);
  fail(new Error('too late for anybody'));
  const aborted = within(FOREVER_MS, outer.signal, deaf);
  outer.abort();
  await expect(aborted).rejects.toBe(outer.signal.reason);
  await expect(within(FOREVER_MS, outer.signal, deaf)).rejects.toBe(outer.signal.reason);

  fail(new Error('too late for anybody'));
  await sleep(20);
  expect(unhandled).toEqual([]);
});
