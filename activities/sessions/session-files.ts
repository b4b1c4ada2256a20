// The files of Tomcat's FileStore. Each machine has a directory of its own, so that neither reads what is not its own yet;
// a hand-over is a hard link from one into the other.

import { constants } from 'node:fs';
import { access, link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineConfig } from '../../config/types.js';
import { notMovable } from './tomcat-manager.js';

const SUFFIX = '.session';

export class SessionFiles {
  readonly directory: string;

  constructor(
    private readonly machine: MachineConfig,
    context: string,
  ) {
    // Tomcat's own name for a context: https://tomcat.apache.org/tomcat-10.1-doc/config/context.html#Naming
    const name = context === '' ? 'ROOT' : context.slice(1).replaceAll('/', '#');
    this.directory = join(machine.sessionDirectory ?? '', name);
  }

  /** Ids that have a file. Tomcat makes the directory with its first session. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    });
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  }

  /** Makes the session loadable on the other machine. False when that one already has a state of its own, or this one none. */
  async giveTo(other: SessionFiles, id: string): Promise<boolean> {
    try {
      await link(this.file(id), other.file(id));
      return true;
    } catch (error) {
      if (isCode(error, 'ENOENT')) return false;
      if (!isCode(error, 'EEXIST')) throw error;
      const [mine, theirs] = await Promise.all([stat(this.file(id)), stat(other.file(id))]);
      return mine.ino === theirs.ino;
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.file(id), { force: true });
  }

  /** Refuses directories that the worker cannot write or that cannot be linked into each other. */
  async mustReach(other: SessionFiles): Promise<void> {
    for (const { directory, machine } of [this, other]) {
      await mkdir(directory, { recursive: true }).catch(() => undefined);
      await access(directory, constants.R_OK | constants.W_OK | constants.X_OK).catch(() => {
        throw notMovable(
          `The worker cannot write the session directory ${directory} of machine ${machine.name}.`,
          'Correct pools.*.machines.*.sessionDirectory or its rights.',
        );
      });
    }
    const [mine, theirs] = await Promise.all([stat(this.directory), stat(other.directory)]);
    if (mine.dev !== theirs.dev) {
      throw notMovable(
        `The session directories ${this.directory} and ${other.directory} are on different file systems.`,
        'Put both on one, so that a session moves by a hard link.',
      );
    }
  }

  private file(id: string): string {
    return join(this.directory, `${id}${SUFFIX}`);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
