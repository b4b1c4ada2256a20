// Whether one machine takes a form that the other has made: their hidden fields are signed or encrypted, and the keys may differ.

import type { MachineConfig } from '../../config/types.js';
import { notMovable } from '../errors.js';
import { ask, cookiesSetBy } from './canary-visit.js';
import type { MachinePair } from './mechanism.js';

interface Form {
  /** Where it is sent to. */
  path: string;
  hidden: URLSearchParams;
  /** Of the page that has it. */
  cookies: string;
}

/**
 * Fetches the page at `path` from the primary, and sends its form back with its hidden fields alone: to the primary itself, and anew to the
 * standby. Refuses two that do not answer alike.
 */
export async function mustTakeForms({ primary, standby }: MachinePair, path: string): Promise<void> {
  const own = await send(primary, await fetchForm(primary, path));
  if (own >= 400) {
    throw notMovable(
      `Machine ${primary.name} answered ${own} to its own form of ${path}, sent with its hidden fields alone.`,
      'Name in sessions.canary.form a page whose form may be sent without what a user types.',
    );
  }
  // A token in it may be good for once.
  const other = await send(standby, await fetchForm(primary, path));
  if (other === own) return;
  throw notMovable(
    `Machine ${standby.name} answered ${other} to a form of machine ${primary.name}, which itself answered ${own}.`,
    'Give both the same keys, as machineKey of ASP.NET, or the secret that signs tokens.',
  );
}

async function fetchForm(machine: MachineConfig, path: string): Promise<Form> {
  const { statusCode, headers, text } = await ask(machine, path, null);
  const form = statusCode < 300 ? formIn(text) : null;
  if (form === null || form.hidden.size === 0) {
    throw notMovable(
      `${path} of machine ${machine.name} (answered ${statusCode}) has no form that is posted and has hidden fields.`,
      'Correct sessions.canary.form, or leave it out.',
    );
  }
  const { pathname, search } = new URL(form.action, new URL(path, machine.url));
  return { path: `${pathname}${search}`, hidden: form.hidden, cookies: cookiesSetBy(headers).join('; ') };
}

async function send(machine: MachineConfig, { path, hidden, cookies }: Form): Promise<number> {
  const header = cookies === '' ? null : { name: 'cookie', value: cookies };
  return (await ask(machine, path, header, hidden)).statusCode;
}

/** The first form of a page that is posted: its action, and its hidden fields. Null where there is none. */
export function formIn(html: string): { action: string; hidden: URLSearchParams } | null {
  for (const [, head = '', content = ''] of html.matchAll(/<form\b([^>]*)>([^]*?)<\/form>/gi)) {
    if (attribute(head, 'method')?.toLowerCase() !== 'post') continue;
    const hidden = new URLSearchParams();
    for (const [, input = ''] of content.matchAll(/<input\b([^>]*)>/gi)) {
      const name = attribute(input, 'name');
      if (attribute(input, 'type')?.toLowerCase() === 'hidden' && name !== null)
        hidden.append(name, attribute(input, 'value') ?? '');
    }
    return { action: attribute(head, 'action') ?? '', hidden };
  }
  return null;
}

function attribute(tag: string, name: string): string | null {
  const [, double, single, bare] =
    new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag) ?? [];
  const value = double ?? single ?? bare;
  return value === undefined ? null : unescaped(value);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal?: string, hex?: string, name?: string) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return ENTITIES[name ?? ''] ?? all;
  });
}
