// One operation at a time for a machine, whichever process asks. The kernel lets a lock go with its process, so none is ever stale:
// of a lock in a file, two who break it at once may each believe that they have it.

import { createHash } from 'node:crypto';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../config/operator-error.js';

const POLL_MS = 20;
/** A start or stop by somebody else may take a graceful stop's time. */
const TIMEOUT_MS = 120_000;
/** sizeof(sun_path), unix(7). Node 20 fills a shorter name up with zeros and later versions do not: a full one is the same to all. */
const NAME_BYTES = 108;

/** Does the work as the only one who operates on the machine; `key` tells it from all others on this host. */
export function oneAtATime<T>(machine: string, key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const message = `Machine ${machine} is being started or stopped by somebody else.`;
  const busy = (): Error => new OperatorError('MACHINE_BUSY', message, 'Try again later.', { retryable: true });
  return withMachineLock(key, { timeoutMs: TIMEOUT_MS, signal, busy }, work);
}

/** Waits for the lock at most `timeoutMs`, does the work and lets go. Throws what `busy` makes when somebody else keeps it. */
export async function withMachineLock<T>(
  path: string,
  { timeoutMs, signal, busy }: { timeoutMs: number; signal: AbortSignal; busy: () => Error },
  work: () => Promise<T>,
): Promise<T> {
  const name = `\0vm-rejuv ${createHash('sha256').update(path).digest('hex')} `.padEnd(NAME_BYTES, '.');
  const deadline = performance.now() + timeoutMs;
  let lock = await tryLock(name);
  while (lock === null) {
    if (performance.now() > deadline) throw busy();
    await sleep(POLL_MS, undefined, { signal });
    lock = await tryLock(name);
  }
  try {
    return await work();
  } finally {
    const held = lock;
    await new Promise<void>((resolve) => held.close(() => resolve()));
  }
}

/** An abstract socket (unix(7)) is one process's at a time and leaves nothing in the file system. Null when it is taken. */
function tryLock(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen({ path: name, exclusive: true }, () => resolve(server));
  });
}
