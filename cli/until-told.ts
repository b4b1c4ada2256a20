// Long-running commands: run until the process is told to end.

/** npm passes on a Ctrl-C that the terminal has sent already: what follows this soon is the same wish. Chosen. */
const SAME_WISH_MS = 1000;

/** Calls `act` at the first SIGTERM or SIGINT. A later one ends the process the hard way. */
export function onToldToEnd(act: () => void): void {
  let toldAt: number | undefined;
  const told = (): void => {
    if (toldAt !== undefined && Date.now() - toldAt > SAME_WISH_MS) process.exit(1);
    if (toldAt !== undefined) return;
    toldAt = Date.now();
    act();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, told);
}

export function untilToldToEnd(): Promise<void> {
  return new Promise(onToldToEnd);
}
