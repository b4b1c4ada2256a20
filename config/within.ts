// A limit in time for what can be aborted.

/**
 * Runs `work` with a signal that aborts with `signal`, where there is one, and after `limitMs`; then rejects, whatever `work` makes of it:
 * with TimeLimitError, or as `signal` says. Who ignores it is not waited for. Not by AbortSignal.any: what it makes of a signal that lives for
 * months stays with it, call after call; and AbortSignal.timeout, when only that refers to it, is collected as garbage by Node 20, so that
 * nothing aborts any more (nodejs/node issue 57736).
 */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const late = new TimeLimitError(limitMs);
  const timer = setTimeout(() => either.abort(late), limitMs);
  const follow = (): void => either.abort(signal?.reason);
  if (signal?.aborted === true) follow();
  else signal?.addEventListener('abort', follow);
  try {
    // Of two that reject the race handles the second as well.
    return await Promise.race([
      work(either.signal),
      new Promise<never>((_resolve, reject) => {
        const giveUp = (): void => reject(either.signal.reason as Error);
        if (either.signal.aborted) giveUp();
        else either.signal.addEventListener('abort', giveUp, { once: true });
      }),
    ]);
  } catch (error) {
    throw either.signal.reason === late && signal?.aborted !== true ? late : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', follow);
  }
}

export class TimeLimitError extends Error {
  override readonly name = 'TimeoutError';

  constructor(limitMs: number) {
    super(`It took longer than ${limitMs / 1000} s.`);
  }
}
