// The boot id of a guest of QEMU's by its agent, which reads files for its host.

import type { BootIdReader } from '../boot-id.js';
import { ANSWER_LIMIT_MS, BOOT_ID_FILE, bootIdOf, MAX_BOOT_ID_CHARS } from '../boot-id.js';
import type { Target } from './errors.js';
import { virsh } from './virsh.js';

export function guestAgentReader(target: Target): BootIdReader {
  return async (signal) => bootIdOf(await askAgent(target, signal));
}

async function askAgent(target: Target, signal: AbortSignal): Promise<string> {
  const ask = async (execute: string, args: object): Promise<unknown> => {
    const command = JSON.stringify({ execute, arguments: args });
    const timeoutS = String(Math.ceil(ANSWER_LIMIT_MS / 1000));
    const answer = await virsh(target, ['qemu-agent-command', target.domain, '--timeout', timeoutS, command], signal);
    return (JSON.parse(answer) as { return: unknown }).return;
  };
  const handle = await ask('guest-file-open', { path: BOOT_ID_FILE });
  try {
    const read = (await ask('guest-file-read', { handle, count: MAX_BOOT_ID_CHARS })) as { 'buf-b64'?: string };
    return Buffer.from(read['buf-b64'] ?? '', 'base64').toString();
  } finally {
    // The agent keeps a file open until it is told; if it no longer answers, it keeps nothing.
    await ask('guest-file-close', { handle }).catch(() => undefined);
  }
}
