// Free ports on loopback.

import { createServer } from 'node:net';
import { codeOf } from '../config/error-code.js';

/** Losing the race for a port once is rare; this often in a row means something else. Chosen. */
const ATTEMPTS = 4;

/** A port that was free a moment ago. Whoever uses it must cope with losing the race. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** Whether nothing listens on this port of loopback right now. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await portTrouble(port)) === null;
}

/** Why nobody can listen on this port of loopback right now, as the operating system's code, or null. */
export async function portTrouble(port: number): Promise<string | null> {
  return listenOnce(port).then(
    () => null,
    (error: unknown) => codeOf(error),
  );
}

/**
 * Calls `start` with one port for each list: the first of it that is free, or any free one.
 * When it fails because somebody else took one meanwhile, it is called again with others.
 */
export async function withPorts<T>(
  preferred: readonly (readonly number[])[],
  start: (ports: number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ports = await Promise.all(preferred.map(firstFree));
    try {
      return await start(ports);
    } catch (error) {
      const stillFree = await Promise.all(ports.map(isPortFree));
      if (attempt === ATTEMPTS || !stillFree.includes(false)) throw error;
    }
  }
}

async function firstFree(preferred: readonly number[]): Promise<number> {
  for (const port of preferred) if (await isPortFree(port)) return port;
  return freePort();
}

async function listenOnce(wanted: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('The operating system gave no port.');
  return address.port;
}
