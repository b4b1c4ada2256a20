// What an operator, or a program, adds in words. The Temporal UI sends any JSON, or none.

/** Longer ones would fill the history of a supervisor. Chosen. */
const MAX_CHARS = 500;

/** The text in one line, or null where there is none. */
export function reasonIn(note: unknown, field: 'reason' | 'evidence' = 'reason'): string | null {
  const text = typeof note === 'object' && note !== null && field in note ? (note as Record<string, unknown>)[field] : null;
  return typeof text === 'string' ? text.replace(/\s+/g, ' ').trim().slice(0, MAX_CHARS) || null : null;
}
