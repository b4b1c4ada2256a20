// Long-running commands: run until the process is told to end.

import { readFileSync } from 'node:fs';

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
  if (!isHangUpIgnored()) process.on('SIGHUP', told);
}

export function untilToldToEnd(waitsFor: string): Promise<void> {
  return new Promise((resolve) => onToldToEnd(resolve, waitsFor));
}

/** As by nohup(1): proc(5), SigIgn, whose lowest bit is SIGHUP. */
function isHangUpIgnored(): boolean {
  try {
    const [, mask = '0'] = /^SigIgn:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return true;
  }
}
