// When policy lets a pool be restarted: inside its maintenance windows, where it has any, and outside its blackouts.

import type { Window } from './window.js';
import { isOpen } from './window.js';

const MINUTE_MS = 60_000;
/** Longer than a week, so that every weekly window is met. */
const HORIZON_MS = 8 * 24 * 60 * MINUTE_MS;

export interface Windows {
  /** IANA's name, such as Europe/Berlin. */
  timeZone: string;
  /** Restarts happen only then; at any time where there is none. */
  maintenance: Window[];
  /** Restarts do not happen then. */
  blackout: Window[];
}

/** Which kind of window forbids a restart at an instant, or null. A blackout wins. */
export function forbiddenBy({ timeZone, maintenance, blackout }: Windows, atMs: number): 'blackout' | 'maintenance' | null {
  if (blackout.some((window) => isOpen(window, timeZone, atMs))) return 'blackout';
  return maintenance.length === 0 || maintenance.some((window) => isOpen(window, timeZone, atMs)) ? null : 'maintenance';
}

/** The first whole minute after `afterMs` that is allowed, or where the search ends. Minute by minute, as clocks are put forward and back. */
export function nextAllowedMs(windows: Windows, afterMs: number): number {
  const first = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  for (let atMs = first; atMs < afterMs + HORIZON_MS; atMs += MINUTE_MS) if (forbiddenBy(windows, atMs) === null) return atMs;
  return afterMs + HORIZON_MS;
}
