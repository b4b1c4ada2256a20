// Finds Temporal's command, which holds its development server: named, on PATH, cached, downloaded by the SDK, or built by Go.

import { spawn } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../config/operator-error.js';
import { cacheDirectory } from './cache.js';

/** The newest release whose module can be built by name: later ones have a replace directive. */
const BUILT_VERSION = 'v1.5.1';
/** About 60 MB; where nothing answers, the wait must be short against the build that follows. Chosen. */
const DOWNLOAD_TIMEOUT_MS = 120_000;
/** Chosen: a cold build takes about 4 minutes on two cores. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const TICK_MS = 10_000;
const DOWNLOADER = fileURLToPath(
  new URL(
    import.meta.url.includes('/dist/') ? './download-temporal.js' : '../dist/embedded/download-temporal.js',
    import.meta.url,
  ),
);

export interface FindOptions {
  onProgress?: (line: string) => void;
  signal: AbortSignal;
}

interface Source {
  /** Directory of the cache that it fills. */
  directory: string;
  purpose: string;
  command: (target: string) => [file: string, ...args: string[]];
  env?: (target: string) => Record<string, string>;
  timeoutMs: number;
}

const SOURCES: readonly Source[] = [
  {
    directory: 'temporal-cli-downloaded',
    purpose: "Downloading Temporal's development server by its SDK: about 60 MB, once",
    command: (target) => [process.execPath, DOWNLOADER, target],
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  },
  {
    directory: `temporal-cli-${BUILT_VERSION}`,
    purpose: `It could not be downloaded, so Go builds Temporal's development server ${BUILT_VERSION}: about 4 minutes, once`,
    command: () => ['go', 'install', '-ldflags', '-s -w', `github.com/temporalio/cli/cmd/temporal@${BUILT_VERSION}`],
    env: (target) => ({ CGO_ENABLED: '0', GOBIN: target }),
    timeoutMs: BUILD_TIMEOUT_MS,
  },
];

/** Path of a `temporal` binary: TEMPORAL_CLI, PATH, our cache, the SDK's download, or a build by Go; TEMPORAL_CLI_MISSING otherwise. */
export async function findTemporalCli({ onProgress = () => undefined, signal }: FindOptions): Promise<string> {
  const named = process.env['TEMPORAL_CLI'];
  if (named) return named;
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(directory, 'temporal');
    if (directory && (await isExecutable(candidate))) return candidate;
  }
  for (const { directory } of SOURCES) {
    const cached = await executableIn(join(cacheDirectory(), directory));
    if (cached !== null) return cached;
  }
  let failure: unknown;
  for (const source of SOURCES) {
    try {
      return await provide(source, onProgress, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw new OperatorError(
    'TEMPORAL_CLI_MISSING',
    "Temporal's development server is not in TEMPORAL_CLI, on PATH or in the cache, could not be downloaded, and Go could not build it.",
    'Install the Temporal CLI (https://docs.temporal.io/cli) or Go, or name a binary in TEMPORAL_CLI.',
    { cause: failure },
  );
}

/** Fills a directory beside the cache's and moves it there whole: a process that is ended leaves nothing half done behind. */
async function provide(source: Source, onProgress: (line: string) => void, signal: AbortSignal): Promise<string> {
  const directory = join(cacheDirectory(), source.directory);
  await mkdir(cacheDirectory(), { recursive: true });
  const target = await mkdtemp(`${directory}-`);
  onProgress(`${source.purpose}, cached outside the repository`);
  const started = Date.now();
  const ticker = setInterval(() => onProgress(`  still at it (${Math.round((Date.now() - started) / 1000)} s)`), TICK_MS);
  try {
    await run(source, target, signal);
    await rename(target, directory).catch(async (error: unknown) => {
      // Somebody else has done the same meanwhile.
      if ((await executableIn(directory)) === null) throw error;
    });
    const provided = await executableIn(directory);
    if (provided === null) throw new Error(`${basename(directory)} holds no executable.`);
    return provided;
  } finally {
    clearInterval(ticker);
    await rm(target, { recursive: true, force: true });
  }
}

async function run({ command, env, timeoutMs }: Source, target: string, signal: AbortSignal): Promise<void> {
  const [file, ...args] = command(target);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...env?.(target) },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      killSignal: 'SIGKILL',
    });
    let tail = '';
    child.stderr.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-500)));
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ended with ${String(code)}: ${tail}`))));
  });
}

async function executableIn(directory: string): Promise<string | null> {
  for (const name of await readdir(directory).catch(() => [])) {
    const candidate = join(directory, name);
    if (name.startsWith('temporal') && (await isExecutable(candidate))) return candidate;
  }
  return null;
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
