// What tells one boot of a guest from the next: libvirt itself does not tell a reset.

import { request } from 'undici';
import type { IncarnationConfig, SshIncarnation } from '../../../config/types.js';
import { within } from '../../../config/within.js';
import { SILENT } from '../incarnation.js';
import type { Target } from './errors.js';
import { runTool } from './run-tool.js';
import { virsh } from './virsh.js';

/** A new one with each boot, random(4). */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';
/** A guest that answers does so in milliseconds; one that hangs must not keep a look for long. Chosen. */
const LIMIT_MS = 3000;
/** ssh logs in first. Chosen. */
const SSH_LIMIT_MS = 10_000;
const MAX_BOOT_ID_CHARS = 128;

/** Rejects with what the guest did instead of telling it. */
export type BootIdReader = (signal: AbortSignal) => Promise<string>;

/** Null where the guest is never asked. */
export function bootIdReader(target: Target, incarnation: IncarnationConfig): BootIdReader | null {
  switch (incarnation.type) {
    case 'guest-agent':
      return async (signal) => bootIdOf(await byGuestAgent(target, signal));
    case 'http':
      return async (signal) => bootIdOf(await byHttp(incarnation.url, signal));
    case 'ssh':
      return async (signal) => bootIdOf(await bySsh(incarnation, signal));
    case 'domain':
      return null;
  }
}

/** A word: neither nothing nor a page that says sorry. "/" would end it. */
function bootIdOf(text: string): string {
  const word = text.trim();
  if (word.length <= MAX_BOOT_ID_CHARS && /^[\x21-\x2e\x30-\x7e]+$/.test(word) && word !== SILENT) return word;
  throw new Error(`"${word.slice(0, 40)}" is no boot id`);
}

async function byGuestAgent(target: Target, signal: AbortSignal): Promise<string> {
  const ask = async (execute: string, args: object): Promise<unknown> => {
    const command = JSON.stringify({ execute, arguments: args });
    const timeoutS = String(Math.ceil(LIMIT_MS / 1000));
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

function byHttp(url: string, signal: AbortSignal): Promise<string> {
  return within(LIMIT_MS, signal, async (limited) => {
    // A connection that has been kept since the guest's boot before would hang.
    const { statusCode, body } = await request(url, { signal: limited, reset: true });
    let text = '';
    for await (const chunk of body as AsyncIterable<Buffer>) {
      text += chunk.toString();
      // Whatever comes after it, that is no boot id.
      if (text.length > 2 * MAX_BOOT_ID_CHARS) break;
    }
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
    return text;
  });
}

async function bySsh({ host, user, port, identityFile, knownHostsFile }: SshIncarnation, signal: AbortSignal): Promise<string> {
  const option = (name: string, value: string | number | null): string[] => (value === null ? [] : ['-o', `${name}=${value}`]);
  const args = [
    ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', `ConnectTimeout=${LIMIT_MS / 1000}`],
    ...[...option('Port', port), ...option('IdentityFile', identityFile), ...option('UserKnownHostsFile', knownHostsFile)],
    ...['--', user === null ? host : `${user}@${host}`, 'cat', BOOT_ID_FILE],
  ];
  const { code, stdout, stderr } = await runTool('ssh', args, SSH_LIMIT_MS, signal);
  if (code !== 0) throw new Error(`ssh to ${host}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  return stdout;
}
