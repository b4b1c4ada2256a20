// Long-running commands: run until the process is told to end.

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process the hard way. */
export function untilToldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
