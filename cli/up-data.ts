// What `vm-rejuv up` keeps in its data directory: ports and the admin token, the same across starts.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeServerDirectory } from '../embedded/postgres.js';
import { codeOf } from '../config/error-code.js';
import { OperatorError } from '../config/operator-error.js';
import type { ProcessIdentity } from '../state/process-identity.js';
import { currentProcess, isProvedAlive, isProvedDead } from '../state/process-identity.js';
import { writePrivately } from './connections.js';

type PortName = 'postgresPort' | 'temporalPort' | 'temporalUiPort';

interface Kept extends Partial<Record<PortName, number>> {
  adminToken: string;
  /** The process that runs here, or ran here last. */
  process?: ProcessIdentity;
}

const FILE = 'up.json';
/** Where Temporal's tools and bookmarks look for them. */
const CUSTOMARY: Partial<Record<PortName, number>> = { temporalPort: 7233, temporalUiPort: 8233 };

export class UpData {
  private constructor(
    readonly directory: string,
    private kept: Kept,
  ) {}

  /** Throws ALREADY_UP while another `up` runs in this directory. */
  static async mustBeUnused(directory: string): Promise<void> {
    const { process } = await readKept(directory);
    if (process !== undefined && isProvedAlive(process)) throw alreadyUp(directory, process.pid);
  }

  /** Makes the directory where it is missing. Where PostgreSQL will run in it, it can be passed through, and no more than that. */
  static async open(directory: string, forPostgres: boolean): Promise<UpData> {
    try {
      if (forPostgres) await makeServerDirectory(directory);
      else await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new OperatorError(
        'DATA_UNUSABLE',
        `--data: ${directory} cannot be made a directory (${codeOf(cause)}).`,
        'Name another one that this account can write.',
        { cause },
      );
    }
    const kept = await readKept(directory);
    const data = new UpData(directory, { adminToken: randomBytes(24).toString('base64url'), ...kept });
    await data.keep({ process: currentProcess() });
    return data;
  }

  get adminToken(): string {
    return this.kept.adminToken;
  }

  /** Ports in the order of preference: that of an earlier start, then the customary one. */
  ports(name: PortName): number[] {
    return [this.kept[name], CUSTOMARY[name]].filter((port) => port !== undefined);
  }

  async keep(changed: Partial<Kept>): Promise<void> {
    this.kept = { ...this.kept, ...changed };
    await writePrivately(join(this.directory, FILE), `${JSON.stringify(this.kept, null, 2)}\n`);
  }
}

/** Whether an \`up\` has run in this directory, and does no longer. */
export async function hasEnded(directory: string): Promise<boolean> {
  const { process } = await readKept(directory);
  return process !== undefined && isProvedDead(process);
}

async function readKept(directory: string): Promise<Partial<Kept>> {
  const text = await readFile(join(directory, FILE), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Partial<Kept>;
}

function alreadyUp(directory: string, pid: number): OperatorError {
  return new OperatorError(
    'ALREADY_UP',
    `Process ${pid} is "vm-rejuv up" with the data directory ${directory} already.`,
    'Use it, end it, or name another directory with --data.',
    { status: 409 },
  );
}
