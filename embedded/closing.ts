// What has been started and must be ended: last first, everything, whatever fails.

type End = () => Promise<unknown>;

export class Closing {
  private readonly ends: End[] = [];

  /** Runs `start`. When it fails, what it has added so far is closed, and its own error is the one that counts. */
  static async onFailure<T>(start: (closing: Closing) => Promise<T>): Promise<T> {
    const closing = new Closing();
    try {
      return await start(closing);
    } catch (error) {
      await closing.close().catch(() => undefined);
      throw error;
    }
  }

  add(end: End): void {
    this.ends.unshift(end);
  }

  /** Ends everything; rejects afterwards with what has failed. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.ends.splice(0)) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    throwIfAny(failures);
  }
}

/** Waits for all of them, also when one has failed; rejects afterwards with what has failed. */
export async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises);
  throwIfAny(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : [])));
}

function throwIfAny(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(
    failures,
    failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))).join(' '),
  );
}
