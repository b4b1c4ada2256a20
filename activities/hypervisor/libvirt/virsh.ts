// One call of virsh. libvirt has no client for Node that is alive, and virsh knows every connection that libvirt does.

import { codeOf } from '../../../config/error-code.js';
import { TimeLimitError } from '../../../config/within.js';
import type { Target } from './errors.js';
import { virshFailed, virshMissing, virshTooSlow } from './errors.js';
import { runTool } from '../run-tool.js';

/** A call takes some 20 ms on this host and some 300 ms by ssh. Chosen: what takes longer is looked at again. */
const LIMIT_MS = 15_000;
/** libxl waits 60 s for a guest to take note of what it is asked, and libvirt answers nothing about that guest meanwhile. */
const LIMIT_OF_XEN_MS = 75_000;

/** How long one call may take that asks something of a guest. */
export const askLimitMs = ({ uri }: Target): number => (isXen(uri) ? LIMIT_OF_XEN_MS : LIMIT_MS);

export const isXen = (uri: string): boolean => /^xen[+:]/.test(uri);

interface Call {
  /** What virsh finds under /dev/stdin. */
  input?: string;
  limitMs?: number;
}

/** What it prints. Throws what errors.ts makes of its failure. */
export async function virsh(
  target: Target,
  args: readonly string[],
  signal: AbortSignal,
  { input, limitMs = LIMIT_MS }: Call = {},
): Promise<string> {
  const { code, stdout, stderr } = await runTool('virsh', ['-q', '-c', target.uri, ...args], limitMs, signal, input).catch(
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') throw virshMissing(target, error);
      throw error instanceof TimeLimitError ? virshTooSlow(target, limitMs, error) : error;
    },
  );
  if (code !== 0) throw virshFailed(target, { stdout, stderr });
  return stdout;
}
