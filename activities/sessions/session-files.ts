// The files of Tomcat's FileStore: a directory for each machine, both on one file system. A hand-over is a hard link.

import { constants } from 'node:fs';
import { access, link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../config/error-code.js';
import { OperatorError } from '../../config/operator-error.js';
import type { MachineConfig } from '../../config/types.js';
import type { StoredSessions } from './stored-sessions.js';
import { notMovable } from '../errors.js';

const SUFFIX = '.session';
/** Files that are worked on in parallel. Chosen: the kernel's directory lock is the limit. */
const AT_ONCE = 32;

export class SessionFiles implements StoredSessions {
  readonly place: string;

  constructor(
    private readonly machine: MachineConfig,
    context: string,
  ) {
    // Tomcat's own name for a context: https://tomcat.apache.org/tomcat-10.1-doc/config/context.html#Naming
    const name = context === '' ? 'ROOT' : context.slice(1).replaceAll('/', '#');
    this.place = join(machine.sessionDirectory ?? '', name);
  }

  /** Tomcat makes the directory with its first session. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.place).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    });
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  }

  async giveTo(other: SessionFiles, ids: readonly string[]): Promise<Map<string, boolean>> {
    const given = new Map<string, boolean>();
    await inParallel(ids, async (id) => {
      const linked = await this.linkInto(other, id);
      if (linked !== null) given.set(id, linked);
    });
    return given;
  }

  async remove(ids: readonly string[]): Promise<void> {
    await inParallel(ids, (id) => rm(this.file(id), { force: true }).catch((error: unknown) => this.fail('remove', error)));
  }

  async makeRoom(): Promise<void> {
    await mkdir(this.place, { recursive: true }).catch((error: unknown) => this.fail('make room for', error));
  }

  /** Refuses directories that are not there, that the worker cannot write or that cannot be linked into each other. */
  async mustReach(other: SessionFiles): Promise<void> {
    for (const { place, machine } of [this, other]) {
      // That of the context alone, which Tomcat makes with its first session: a misspelt one would look like one without sessions.
      await mkdir(place).catch(() => undefined);
      await access(place, constants.R_OK | constants.W_OK | constants.X_OK).catch((error: unknown) => {
        if (isCode(error, 'ENOENT')) {
          throw notMovable(
            `There is no session directory ${machine.sessionDirectory ?? ''} of machine ${machine.name} where the worker runs.`,
            'Correct pools.*.machines.*.sessionDirectory, or make the directory, for Tomcat and the worker to write to.',
          );
        }
        throw notMovable(
          `The worker cannot write the session directory ${place} of machine ${machine.name}.`,
          'Correct pools.*.machines.*.sessionDirectory or its rights.',
        );
      });
    }
    const [mine, theirs] = await Promise.all([stat(this.place), stat(other.place)]);
    if (mine.dev !== theirs.dev) {
      throw notMovable(
        `The session directories ${this.place} and ${other.place} are on different file systems.`,
        'Put both on one, so that a session moves by a hard link.',
      );
    }
  }

  /** Whether the other one has this very file now; null when there is none. */
  private async linkInto(other: SessionFiles, id: string): Promise<boolean | null> {
    try {
      await link(this.file(id), other.file(id));
      return true;
    } catch (error) {
      // The error does not tell a session that has ended from a directory that the other machine does not have.
      const mine = await this.inode(id);
      if (mine === null) return null;
      if (isCode(error, 'EEXIST')) return mine === (await other.inode(id));
      return this.fail('link', error);
    }
  }

  /** What the session's file is, by whatever name; null when there is none. */
  private inode(id: string): Promise<number | null> {
    return stat(this.file(id)).then(
      ({ ino }) => ino,
      (error: unknown) => (isCode(error, 'ENOENT') ? null : this.fail('read', error)),
    );
  }

  /** The error itself names the file, and so the session. */
  private fail(verb: string, error: unknown): never {
    const code = codeOf(error);
    throw new OperatorError(
      'SESSION_STORE_FAILED',
      `The worker could not ${verb} a session file in ${this.place} (${code}).`,
      'Look at the file system and at the rights of the worker.',
      { retryable: true },
    );
  }

  private file(id: string): string {
    return join(this.place, `${id}${SUFFIX}`);
  }
}

async function inParallel(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) await Promise.all(ids.slice(at, at + AT_ONCE).map(work));
}

function isCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}
