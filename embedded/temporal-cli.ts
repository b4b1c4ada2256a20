// Finds Temporal's command, which holds its development server: named, on PATH, cached, downloaded by the SDK, or built by Go.

import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../config/operator-error.js';
import { cacheDirectory, provideCached } from './cache.js';
import { runToEnd } from './child-process.js';

/** The newest release whose module can be built by name: later ones have a replace directive. */
const BUILT_VERSION = 'v1.5.1';
/** About 60 MB; where nothing answers, the wait must be short against the build that follows. Chosen. */
const DOWNLOAD_TIMEOUT_MS = 120_000;
/** Chosen: a cold build takes 4 to 6 minutes on two cores. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
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
    purpose: "Downloading Temporal's development server by its SDK: about 60 MB",
    command: (target) => [process.execPath, DOWNLOADER, target],
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  },
  {
    directory: `temporal-cli-${BUILT_VERSION}`,
    purpose: `It could not be downloaded, so Go builds Temporal's development server ${BUILT_VERSION}: 4 to 6 minutes, or none where TEMPORAL_CLI names a binary`,
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
      onProgress(`  That failed: ${lastLine(error)}`);
    }
  }
  throw new OperatorError(
    'TEMPORAL_CLI_MISSING',
    "Temporal's development server is not in TEMPORAL_CLI, on PATH or in the cache, could not be downloaded, and Go could not build it.",
    'Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.25 or newer, or name a binary in TEMPORAL_CLI.',
    { cause: failure },
  );
}

async function provide(source: Source, onProgress: (line: string) => void, signal: AbortSignal): Promise<string> {
  const directory = await provideCached(source.directory, {
    purpose: source.purpose,
    onProgress,
    fill: async (target) => {
      const [file, ...args] = source.command(target);
      await runToEnd(file, args, { env: source.env?.(target) ?? {}, timeoutMs: source.timeoutMs, signal });
      if ((await executableIn(target)) === null) throw new Error(`${file} left no executable behind.`);
    },
  });
  const provided = await executableIn(directory);
  if (provided === null) throw new Error(`${directory} holds no executable.`);
  return provided;
}

/** Of what a command has said, or why it could not be run. */
function lastLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '';
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
