// Free ports on loopback.

import { createServer } from 'node:net';

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
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown'),
  );
}

/**
 * Calls `start` with the ports that are named and free ones in place of those that are not.
 * When it fails because somebody else took a free one meanwhile, it is called again with others.
 */
export async function withPorts<T>(named: readonly (number | undefined)[], start: (ports: number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ports = await Promise.all(named.map((port) => (port === undefined ? freePort() : Promise.resolve(port))));
    try {
      return await start(ports);
    } catch (error) {
      const chosen = ports.filter((port) => !named.includes(port));
      const stillFree = await Promise.all(chosen.map(isPortFree));
      if (attempt === ATTEMPTS || !stillFree.includes(false)) throw error;
    }
  }
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
