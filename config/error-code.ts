// What the operating system, PostgreSQL and undici call an error.

/** `error.code` as text, such as ECONNREFUSED; `otherwise` where there is none. */
export function codeOf(error: unknown, otherwise = 'unknown'): string {
  return error instanceof Error && 'code' in error ? String(error.code) : otherwise;
}
