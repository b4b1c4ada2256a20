// What a check of a hand-over has proved, and of which applications: a canary tries a session of one alone.

import { contextOf } from '../config/canary-context.js';
import type { SessionsConfig } from '../config/types.js';
import type { Finding } from './check-lines.js';

/** Without a canary the servers are believed: where they have no session at the moment, none was moved and none compared. */
export function tellProved(sessions: SessionsConfig): Finding {
  if (sessions.mechanism === 'none') return { text: '', value: { proved: true } };
  const { canary } = sessions;
  const contexts = 'contexts' in sessions ? sessions.contexts : null;
  const tried = canary === null || contexts === null ? undefined : contextOf(canary.path, contexts);
  const applications = contexts === null ? {} : { provedContexts: tried === undefined ? [] : [tried] };
  if (canary === null) {
    const text = ', which nobody has proved: without sessions.canary no session is tried';
    return { text, value: { proved: false, ...applications } };
  }
  // The store cannot be asked, and a server that has not found a session may begin another under the same id.
  if (sessions.mechanism === 'shared-store' && sessions.canary?.shows === null) {
    const text =
      ', which nobody has proved: without sessions.canary.shows a session that was not found may pass for one that was';
    return { text, value: { proved: false } };
  }
  const others = (contexts ?? []).filter((context) => context !== tried);
  const text =
    others.length === 0
      ? ''
      : `, proved of context ${named(tried)} alone: sessions.canary tries none of ${others.map(named).join(', ')}`;
  return { text, value: { proved: others.length === 0, ...applications } };
}

const named = (context = ''): string => context || '(root)';
