// What is wrong with a pool and not over yet, as its monitor tells it.

export interface OpenAnomaly {
  /** Which of them: one is open at a time. */
  about: string;
  /** What was seen last, in words, or null. */
  evidence: string | null;
  /** When it was told first, in ms since 1970. */
  sinceMs: number;
}

/** A monitor has fewer; whoever makes names up must not fill the supervisor. Chosen. */
const MOST = 20;

/** Told again, it has the newer evidence, and is as old as before. */
export function withAnomaly(open: readonly OpenAnomaly[], next: OpenAnomaly): OpenAnomaly[] {
  const before = open.find(({ about }) => about === next.about);
  return [...withoutAnomaly(open, next.about), { ...next, sinceMs: before?.sinceMs ?? next.sinceMs }].slice(-MOST);
}

export function withoutAnomaly(open: readonly OpenAnomaly[], about: string): OpenAnomaly[] {
  return open.filter((one) => one.about !== about);
}
