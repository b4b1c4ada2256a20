// Whether one machine takes a form that the other has made: their hidden fields are signed or encrypted, and the keys may differ.

import type { MachineConfig } from '../../config/types.js';
import { notMovable } from '../errors.js';
import { all, ask, cookiesSetBy } from './canary-visit.js';
import type { FormAnswer } from './form-answers.js';
import { compareAnswers, headOf } from './form-answers.js';
import { unescaped } from './html-text.js';
import type { MachinePair } from './mechanism.js';

interface Form {
  /** Where it is sent to. */
  path: string;
  hidden: URLSearchParams;
  /** Of the page that has it. */
  cookies: string;
}

/**
 * Fetches the page at `path` from the primary, and sends its form back with its hidden fields alone: to the primary itself as it is and with one
 * of them altered, and to the standby as it is, after the standby's own. Refuses a page of which the primary takes both, as nothing is seen by it, and a standby that
 * answers otherwise than the primary to its own.
 */
export async function mustTakeForms({ primary, standby }: MachinePair, path: string): Promise<void> {
  const sent: string[] = [];
  // A token in it may be good for once, so each is a new one.
  const send = async (
    machine: MachineConfig,
    { of = primary, alteration = null }: { of?: MachineConfig; alteration?: string | null } = {},
  ): Promise<FormAnswer> => {
    const form = await fetchForm(of, path);
    if (alteration !== null) alterLongest(form.hidden, alteration);
    sent.push(...form.hidden.values());
    return post(machine, form);
  };
  const own = await send(primary);
  if (own.statusCode >= 400) {
    throw notMovable(
      `Machine ${primary.name} answered ${own.statusCode} to its own form of ${path}, sent with its hidden fields alone.`,
      'Name in sessions.canary.form a page whose form may be sent without what a user types.',
    );
  }
  const altered = await send(primary, { alteration: 'a' });
  const again = await send(primary);
  const alteredAgain = await send(primary, { alteration: 'b' });
  const elsewhere = await send(standby, { of: standby });
  const other = await send(standby);
  if (elsewhere.statusCode >= 400) {
    throw notMovable(
      `Machine ${standby.name} answered ${elsewhere.statusCode} to its own form of ${path}, where machine ${primary.name} answered ${own.statusCode} to its.`,
      'Look at the application on that machine: it takes no form at all.',
    );
  }
  const { tells, isTaken } = compareAnswers([own, again], [altered, alteredAgain], elsewhere, sent);
  if (!tells) {
    throw notMovable(
      `Machine ${primary.name} answers a form of ${path} with an altered hidden field as it answers its own, so that the page tells nothing of keys.`,
      'Name in sessions.canary.form a page of which the longest hidden field is signed or encrypted, as view state or a token, or leave it out.',
    );
  }
  if (isTaken(other)) return;
  const [theirs, ours] = [headOf(other), headOf(own)];
  throw notMovable(
    `Machine ${standby.name} answered ${theirs} to a form of machine ${primary.name}, which itself answered ${ours}${theirs === ours ? ' with another page' : ''}.`,
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

async function post(machine: MachineConfig, { path, hidden, cookies }: Form): Promise<FormAnswer> {
  const header = cookies === '' ? null : { name: 'cookie', value: cookies };
  const { statusCode, headers, text } = await ask(machine, path, header, hidden);
  const [location] = all(headers['location']);
  return { statusCode, text, location: location === undefined ? null : pathOf(location, new URL(path, machine.url).href) };
}

/** Without parameters of its segments, such as ;jsessionid=ID. */
function pathOf(location: string, base: string): string {
  return URL.canParse(location, base) ? new URL(location, base).pathname.replace(/;[^/]*/g, '') : location;
}

/** What is signed or encrypted is longer than what says something itself. One character in its middle is another one then, as it is said. */
function alterLongest(hidden: URLSearchParams, character: string): void {
  const [name, value] = [...hidden].reduce((longest, each) => (each[1].length > longest[1].length ? each : longest), ['', '']);
  const middle = Math.floor(value.length / 2);
  const instead = value[middle] === character ? character.toUpperCase() : character;
  if (value !== '') hidden.set(name, `${value.slice(0, middle)}${instead}${value.slice(middle + 1)}`);
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
