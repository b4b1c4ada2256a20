// What tells one boot of a guest from the next, as the guest itself says: hypervisors do not tell every reset.

import { request } from 'undici';
import type { HttpIncarnation, SshIncarnation } from '../../config/types.js';
import { within } from '../../config/within.js';
import { SILENT } from './incarnation.js';
import { runTool } from './run-tool.js';

/** A new one with each boot, random(4). */
export const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';
/** A guest that answers does so in milliseconds; one that hangs must not keep a look for long. Chosen. */
export const ANSWER_LIMIT_MS = 3000;
/** ssh logs in first. Chosen. */
const SSH_LIMIT_MS = 10_000;
export const MAX_BOOT_ID_CHARS = 128;

/** Rejects with what the guest did instead of telling it. */
export type BootIdReader = (signal: AbortSignal) => Promise<string>;

/** Asks the guest by the network, whatever its hypervisor. */
export function bootIdReader(incarnation: HttpIncarnation | SshIncarnation): BootIdReader {
  return async (signal) =>
    bootIdOf(await (incarnation.type === 'http' ? byHttp(incarnation.url, signal) : bySsh(incarnation, signal)));
}

/** A word: neither nothing nor a page that says sorry. "/" would end it. */
export function bootIdOf(text: string): string {
  const word = text.trim();
  if (word.length <= MAX_BOOT_ID_CHARS && /^[\x21-\x2e\x30-\x7e]+$/.test(word) && word !== SILENT) return word;
  throw new Error(`"${word.slice(0, 40)}" is no boot id`);
}

function byHttp(url: string, signal: AbortSignal): Promise<string> {
  return within(ANSWER_LIMIT_MS, signal, async (limited) => {
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
    ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', `ConnectTimeout=${ANSWER_LIMIT_MS / 1000}`],
    ...[...option('Port', port), ...option('IdentityFile', identityFile), ...option('UserKnownHostsFile', knownHostsFile)],
    ...['--', user === null ? host : `${user}@${host}`, 'cat', BOOT_ID_FILE],
  ];
  const { code, stdout, stderr } = await runTool('ssh', args, SSH_LIMIT_MS, signal);
  if (code !== 0) throw new Error(`ssh to ${host}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  return stdout;
}
