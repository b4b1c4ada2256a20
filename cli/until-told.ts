// Long-running commands: run until the process is told to end.

/** npm passes on a Ctrl-C that the terminal has sent already: what follows this soon is the same wish. Chosen. */
const SAME_WISH_MS = 1000;
/** What shells report of a process that a signal has ended: 128 and its number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

/** Calls `act` at the first SIGTERM or SIGINT, and says for what it waits. A later one ends the process at once. */
export function onToldToEnd(act: () => void, waitsFor: string): void {
  let toldAt: number | undefined;
  const told = (signal: keyof typeof EXIT_CODES): void => {
    if (toldAt !== undefined && Date.now() - toldAt > SAME_WISH_MS) process.exit(EXIT_CODES[signal]);
    if (toldAt !== undefined) return;
    toldAt = Date.now();
    console.error(`Ending: waits for ${waitsFor}. A second ${signal === 'SIGINT' ? 'Ctrl-C' : signal} ends it at once.`);
    act();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, told);
}

export function untilToldToEnd(waitsFor: string): Promise<void> {
  return new Promise((resolve) => onToldToEnd(resolve, waitsFor));
}
