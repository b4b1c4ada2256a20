// What `vm-rejuv up` keeps in its data directory: ports and the admin token, the same across starts, and a file for other commands.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPortFree } from '../embedded/ports.js';
import { makeServerDirectory } from '../embedded/postgres.js';

export interface Kept {
  adminToken: string;
  postgresPort?: number;
  temporalPort?: number;
  temporalUiPort?: number;
}

/** Where Temporal's tools and bookmarks look for them. */
const CUSTOMARY = { temporalPort: 7233, temporalUiPort: 8233 };

export class UpData {
  private constructor(
    readonly directory: string,
    private kept: Kept,
  ) {}

  /** Makes the directory where it is missing. Where PostgreSQL will run in it, it can be passed through, and no more than that. */
  static async open(directory: string, forPostgres: boolean): Promise<UpData> {
    if (forPostgres) await makeServerDirectory(directory);
    else await mkdir(directory, { recursive: true, mode: 0o700 });
    const text = await readFile(join(directory, 'up.json'), 'utf8').catch(() => '{}');
    const kept = JSON.parse(text) as Partial<Kept>;
    const data = new UpData(directory, { adminToken: randomBytes(24).toString('base64url'), ...CUSTOMARY, ...kept });
    await data.keep({});
    return data;
  }

  get adminToken(): string {
    return this.kept.adminToken;
  }

  /** The port of an earlier start, or the customary one; none when somebody else has it now. */
  async port(name: 'postgresPort' | keyof typeof CUSTOMARY): Promise<number | undefined> {
    const port = this.kept[name];
    return port !== undefined && (await isPortFree(port)) ? port : undefined;
  }

  async keep(changed: Partial<Kept>): Promise<void> {
    this.kept = { ...this.kept, ...changed };
    await this.write('up.json', `${JSON.stringify(this.kept, null, 2)}\n`);
  }

  /** Writes variables for a shell to read (`set -a; . FILE; set +a`); resolves with the file. */
  writeEnvironment(variables: Record<string, string>): Promise<string> {
    const lines = Object.entries(variables).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
    return this.write('vm-rejuv.env', lines.join(''));
  }

  /** For this account only, as there are secrets in it; and whole or not at all. */
  private async write(name: string, text: string): Promise<string> {
    const file = join(this.directory, name);
    await rm(`${file}.new`, { force: true });
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return file;
  }
}
