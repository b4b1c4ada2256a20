// What the operating system, PostgreSQL and undici call an error.

/** `error.code` where it is text, such as ECONNREFUSED; `otherwise` where there is none. The code of a DOMException is a number that tells nobody anything. */
export function codeOf(error: unknown, otherwise = 'unknown'): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : otherwise;
}

/** Why a machine that was asked for `path` has not answered, in words; it had `timeoutMs` for that. */
export function didNotAnswer(path: string, error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `${path} did not answer within ${timeoutMs / 1000} s`;
  return `${path} did not answer (${codeOf(error, error instanceof Error ? error.name : 'error')})`;
}
