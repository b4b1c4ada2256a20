// A supervised pool in the words of the Temporal UI's current details.

import type { Supervision } from './supervision.js';
import { statusOf } from './supervision.js';
import { describeDeclined, wishFor } from './wishes.js';

/** Entries of the history. */
const RECENT = 10;

/** Markdown. */
export function describeSupervision(pool: string, now: Supervision): string {
  const { state, wanted, judgement, running, paused, nextDecisionMs, lastRefusal, anomalies } = statusOf(pool, now);
  const next = nextDecisionMs === null ? 'its time' : iso(nextDecisionMs);
  const what = `the ${wishFor(wanted)}`;
  const lines = {
    watching: ['Nothing is wanted. **Next decision**: at the next sign of aging, or when you send the signal `rejuvenate`.'],
    paused: [
      `**Paused**: ${paused ?? ''}`,
      '',
      'Signals are answered and not followed. **Next decision**, yours: the update `resume`.',
    ],
    deciding: [`A ${wishFor(wanted)} is wanted. **Next decision**: now, policy is being asked.`],
    'waiting-for-approval': [
      `**Waits for you**, ${what}: ${judgement?.text ?? ''}`,
      '',
      '**Next decision**, yours: send the update `approve`, or `reject`, with a reason.',
    ],
    'waiting-for-its-time': [
      `**Not now**, ${what} (${judgement?.code ?? ''}): ${judgement?.text ?? ''}`,
      '',
      `**Next decision**: policy is asked at ${next}, and once an hour, as it may have changed. The update \`reject\` drops it.`,
    ],
    restarting: [
      `Under way: \`${running ?? ''}\`.`,
      '',
      `**Next decision**: when it has ended. The updates \`retry\`, \`skip\` and \`abort\` reach it from here, when it waits for you.`,
    ],
  }[state];
  const why =
    wanted === null
      ? []
      : ['', `**Wanted** by ${wanted.by} since ${iso(wanted.sinceMs)}, evidence: ${wanted.reason ?? 'none was given'}`];
  const declined = describeDeclined(now);
  const refusal =
    lastRefusal === null
      ? []
      : ['', `**Last refused** ${iso(lastRefusal.atMs)}: ${describeTold(lastRefusal)}: ${lastRefusal.code}. ${lastRefusal.text}`];
  const wrong = anomalies.flatMap(({ about, evidence, sinceMs }) => [
    '',
    `**Something is wrong** since ${iso(sinceMs)}: ${evidence ?? about}`,
  ]);
  const recent = now.history
    .slice(-RECENT)
    .reverse()
    .map(({ atMs, what: name, reason, code, text, count }) => {
      const times = count === 1 ? '' : `, ${count} times`;
      return `- ${iso(atMs)} **${name}**${reason === null ? '' : ` (${reason})`}${times}: ${code}. ${text}`;
    });
  const latest = recent.length === 0 ? [] : ['', '**Latest first**', '', ...recent];
  return [
    `Supervisor of pool **${pool}**: ${state.replaceAll('-', ' ')}`,
    '',
    ...lines,
    ...why,
    ...(declined === null ? [] : ['', declined]),
    ...refusal,
    ...wrong,
    ...latest,
  ].join('\n');
}

/** Such as `serverDown (no answer for 30 s)`. */
export function describeTold({ what, reason }: { what: string; reason: string | null }): string {
  return `${what}${reason === null ? '' : ` (${reason})`}`;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();
