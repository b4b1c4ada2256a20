// Long-running commands: run until the process is told to end.

import { isatty } from 'node:tty';

/** npm passes on a Ctrl-C that the terminal has sent already: what follows this soon is the same wish. Chosen. */
const SAME_WISH_MS = 500;
/** What shells report of a process that a signal has ended: 128 and its number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
type Told = keyof typeof EXIT_CODES;

/** Calls `act` at the first SIGTERM, SIGINT or end of the terminal, and says for what it waits. A later one ends the process at once. */
export function onToldToEnd(act: () => void, waitsFor: string): void {
  let toldAt: number | undefined;
  const told = (signal: Told): void => {
    if (toldAt !== undefined && Date.now() - toldAt > SAME_WISH_MS) process.exit(EXIT_CODES[signal]);
    if (toldAt !== undefined) return;
    toldAt = Date.now();
    console.error(`Ending: waits for ${waitsFor}. ${signal === 'SIGINT' ? 'Ctrl-C' : signal} once more ends it at once.`);
    act();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, told);
  // Without a listener it would end the process.
  process.on('SIGHUP', hasTerminal() ? told : () => undefined);
}

export function untilToldToEnd(waitsFor: string): Promise<void> {
  return new Promise((resolve) => onToldToEnd(resolve, waitsFor));
}

/** Does work that is broken off when the process is told to end. A second wish changes nothing, so it must not take long to do so. */
export async function brokenOffWhenTold<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(new Error('Ended on request.'));
  const hungUp = hasTerminal() ? abort : (): void => undefined;
  return hearing({ SIGINT: abort, SIGTERM: abort, SIGHUP: hungUp }, () => work(stop.signal));
}

/** Does work while signals have these effects in place of their own. */
export async function hearing<T>(effects: Record<Told, (signal: NodeJS.Signals) => void>, work: () => Promise<T>): Promise<T> {
  for (const [signal, act] of Object.entries(effects)) process.on(signal, act);
  try {
    return await work();
  } finally {
    for (const [signal, act] of Object.entries(effects)) process.off(signal, act);
  }
}

/** Of what nohup(1) does, Node undoes at its start that the signal is ignored. What stays is that no terminal is there. */
function hasTerminal(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}
