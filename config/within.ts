// A limit in time for what can be aborted.

/**
 * Runs `work` with a signal that aborts with `signal`, where there is one, and after `limitMs`; then rejects with TimeLimitError, whatever
 * `work` makes of it. Not by AbortSignal.timeout, which is right alone: when only AbortSignal.any refers to it, Node 20 collects it as
 * garbage, and nothing aborts any more (nodejs/node issue 57736).
 */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new TimeLimitError(limitMs)), limitMs);
  try {
    return await work(signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    throw limit.signal.aborted && signal?.aborted !== true ? limit.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

export class TimeLimitError extends Error {
  override readonly name = 'TimeoutError';

  constructor(limitMs: number) {
    super(`It took longer than ${limitMs / 1000} s.`);
  }
}
