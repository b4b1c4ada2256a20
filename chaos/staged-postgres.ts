// The stage's PostgreSQL: it can be killed, started again at its address, and run out of disk.

import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Closing } from '../embedded/closing.js';
import type { RunningPostgres } from '../embedded/postgres.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import type { Queryable } from '../state/database.js';
import { startTimeOf } from '../state/process-identity.js';

/** More than PostgreSQL writes in hours of this load. */
const DISK_MIB = 1500;
const REVIVAL_MS = 60_000;

export class StagedPostgres {
  private constructor(
    private readonly directory: string,
    private running: RunningPostgres,
  ) {}

  /** Ends with `closing`, and its disk as well. */
  static async start(directory: string, closing: Closing): Promise<StagedPostgres> {
    if (process.getuid?.() === 0) closing.add(await mountDisk(directory));
    const staged = new StagedPostgres(directory, await startEmbeddedPostgres({ directory }));
    // A fault may have put another one in place of the first by then.
    closing.add(() => staged.running.stop());
    return staged;
  }

  get url(): string {
    return this.running.url;
  }

  async kill(): Promise<void> {
    process.kill(this.running.pid, 'SIGKILL');
    await this.running.stop();
  }

  async startAgain(): Promise<void> {
    const { port } = this.running;
    this.running = await startEmbeddedPostgres({ directory: this.directory, ports: [port] });
    if (this.running.port !== port) throw new Error('PostgreSQL did not get its port back.');
  }

  /** Waits until it serves, which `database` tells; one that a full disk has ended is started again. */
  async revive(database: Queryable): Promise<void> {
    for (const deadline = Date.now() + REVIVAL_MS; Date.now() < deadline; await sleep(100)) {
      if (startTimeOf(this.running.pid) === null) return this.startAgain();
      const serves = await database.query('create temporary table if not exists chaos (one int)').then(
        () => true,
        () => false,
      );
      if (serves) return;
    }
    throw new Error('PostgreSQL does not recover.');
  }

  async fillDisk(): Promise<void> {
    const file = await open(this.filler, 'w');
    try {
      for (const block = Buffer.alloc(2 ** 20); ;) await file.write(block);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      await file.close();
    }
  }

  async freeDisk(): Promise<void> {
    await rm(this.filler, { force: true });
  }

  private get filler(): string {
    return join(this.directory, 'filler');
  }
}

/** A disk that can be filled without harm to others. Resolves with what takes it away. */
async function mountDisk(directory: string): Promise<() => Promise<unknown>> {
  await mkdir(directory, { mode: 0o711 });
  const run = promisify(execFile);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0711`, 'vm-rejuv-chaos', directory]);
  return () => run('umount', ['--lazy', directory]);
}
