// A limit in time for what can be aborted.

/**
 * Runs `work` with a signal that aborts with `signal`, where there is one, and after `limitMs`; then rejects, whatever `work` makes of it:
 * with TimeLimitError, or as `signal` says. Who ignores it is not waited for. Not by AbortSignal.timeout, which is right alone: when only
 * AbortSignal.any refers to it, Node 20 collects it as garbage, and nothing aborts any more (nodejs/node issue 57736).
 */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new TimeLimitError(limitMs)), limitMs);
  const either = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
  let giveUp = (): void => undefined;
  try {
    // Of two that reject the race handles the second as well.
    return await Promise.race([
      work(either),
      new Promise<never>((_resolve, reject) => {
        giveUp = () => reject(either.reason as Error);
        if (either.aborted) giveUp();
        else either.addEventListener('abort', giveUp);
      }),
    ]);
  } catch (error) {
    throw limit.signal.aborted && signal?.aborted !== true ? limit.signal.reason : error;
  } finally {
    clearTimeout(timer);
    // A combined signal that somebody listens to lives as long as `signal`.
    either.removeEventListener('abort', giveUp);
  }
}

export class TimeLimitError extends Error {
  override readonly name = 'TimeoutError';

  constructor(limitMs: number) {
    super(`It took longer than ${limitMs / 1000} s.`);
  }
}
