import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
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

test('what is aborted from outside rejects as its work does, and what works resolves', async () => {
  const outer = new AbortController();
  const aborted = within(FOREVER_MS, outer.signal, (both) => sleep(FOREVER_MS, undefined, { signal: both }));
  outer.abort();
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(await within(FOREVER_MS, undefined, () => Promise.resolve('done'))).toBe('done');
});
