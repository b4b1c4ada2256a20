// The one error that operators read: a code, what happened, what to do.

export interface OperatorErrorOptions {
  /** HTTP status to answer with where the error leaves through HTTP; 500 when absent. */
  status?: number;
  /** Whether trying the same again later can succeed. Default false. */
  retryable?: boolean;
  cause?: unknown;
}

/** An error with a documented code (docs/errors.md), one sentence of what happened and one of what to do. */
export class OperatorError extends Error {
  readonly status: number;
  readonly retryable: boolean;

  constructor(
    readonly code: string,
    message: string,
    readonly remedy: string,
    options: OperatorErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'OperatorError';
    this.status = options.status ?? 500;
    this.retryable = options.retryable ?? false;
  }
}

/** Whether no repetition would mend it. What has no code of ours may have come of anything. */
export function isFinal(error: unknown): error is OperatorError {
  return error instanceof OperatorError && !error.retryable;
}

/** The two sentences an operator sees, without a stack trace. */
export function describeError(error: unknown): string {
  if (error instanceof OperatorError) {
    const { code, message, remedy } = error;
    // A list of complaints ends its last line by itself.
    return `${code}: ${message}${message.endsWith('\n') ? '' : ' '}${remedy}`.trimEnd();
  }
  return error instanceof Error ? error.message : String(error);
}

/** Text by who knows no pool, in which `pools.*.` stands for the fields of the pool that is meant: with its name. */
export function namingPool(text: string, pool: string): string {
  return text.replaceAll('pools.*.', `pools.${pool}.`);
}

/** The same of an error's remedy. Any other error is given back as it is. */
export function inPool(error: unknown, pool: string): unknown {
  if (!(error instanceof OperatorError)) return error;
  const { code, message, remedy, status, retryable } = error;
  const named = namingPool(remedy, pool);
  return named === remedy ? error : new OperatorError(code, message, named, { status, retryable, cause: error });
}
