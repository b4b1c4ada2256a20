// Where signals of a pool's supervisor arrive: each is read, and has its explanation.

import { patched, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { reasonIn } from './operator-note.js';
import { withAnomaly, withoutAnomaly } from './open-anomalies.js';
import { UNKNOWN_SIGNAL } from './supervision.js';
import type { SupervisorDesk } from './supervisor-desk.js';
import * as messages from './supervisor-messages.js';

/** Of names that somebody has made up. */
const MAX_NAME_CHARS = 60;
/** Of what an anomaly is about: samplers of one metric are told apart by its last label. Chosen. */
const MAX_ABOUT_CHARS = 300;

export function takeSignals(desk: SupervisorDesk): void {
  setHandler(
    messages.rejuvenateSignal,
    (request: unknown) => {
      const read = readSignal(desk, 'rejuvenate', request, { reason: 'string', force: 'boolean' });
      if (read === null) return;
      const force = read['force'] === true;
      desk.want('rejuvenate', { by: 'operator', reason: reasonIn(read), force, isApproved: false, sinceMs: Date.now() });
    },
    { description: 'Restart the pool cleanly, when policy allows it; {"force": true} goes past windows and cooldown' },
  );
  setHandler(
    messages.agingDetectedSignal,
    (report: unknown) => {
      const read = readSignal(desk, 'agingDetected', report, { evidence: 'string', by: 'string' });
      if (read === null) return;
      const by = read['by'] === 'age' ? 'age' : 'aging';
      const reason = reasonIn(read, 'evidence');
      desk.want('agingDetected', { by, reason, force: false, isApproved: false, sinceMs: Date.now() });
    },
    { description: 'The active machine shows signs of aging; policy decides' },
  );
  setHandler(
    messages.serverDownSignal,
    (report: unknown) => {
      const read = readSignal(desk, 'serverDown', report, { evidence: 'string', machine: 'string' });
      if (read === null) return;
      const reason = reasonIn(read, 'evidence');
      desk.toldDown();
      if (patched('fail-over'))
        return desk.want('serverDown', {
          ...{ by: 'down', reason, force: false, isApproved: false, sinceMs: Date.now() },
          ...(typeof read['machine'] === 'string' ? { machine: read['machine'].slice(0, MAX_ABOUT_CHARS) } : {}),
          ...(desk.now.isFailOverDeclined ? { mustAsk: true } : {}),
        });
      desk.note('serverDown', reason, 'NO_FAIL_OVER', 'This version does not fail over by itself: look at the active machine.');
    },
    { description: 'The active machine has died or hangs; policy decides whether the standby takes over' },
  );
  setHandler(messages.anomalySeenSignal, (report: unknown) => takeAnomaly(desk, report), {
    description: 'Something is wrong that no restart mends, as a sampler that has died; noted for an operator',
  });
  setHandler(
    messages.lookAgainSignal,
    (request: unknown) => {
      const isSwapped = (request as messages.LookAgain | null | undefined)?.isSwapped === true;
      if (isSwapped) desk.change({ lastRefusal: null, isFailOverDeclined: false });
      const verdict = desk.now.judgement?.verdict;
      const mayBeOther = verdict === 'ask' && (patched('another-policy') || (isSwapped && patched('met-by-others')));
      if (verdict === 'later' || mayBeOther) desk.askAgain();
    },
    {
      description:
        'Ask policy again about what waits, as a worker does when it starts, and when another machine has become active',
    },
  );
  setDefaultSignalHandler((name) => {
    count(desk);
    desk.note(UNKNOWN_SIGNAL, name.slice(0, MAX_NAME_CHARS), 'SIGNAL_UNKNOWN', 'No signal of this supervisor has that name.');
  });
}

function takeAnomaly(desk: SupervisorDesk, report: unknown): void {
  const read = readSignal(desk, 'anomalySeen', report, { evidence: 'string', about: 'string', isOver: 'boolean' });
  if (read === null) return;
  const evidence = reasonIn(read, 'evidence');
  const about = typeof read['about'] === 'string' ? read['about'].slice(0, MAX_ABOUT_CHARS) : null;
  const { anomalies } = desk.now;
  if (read['isOver'] === true) {
    if (about !== null) desk.change({ anomalies: withoutAnomaly(anomalies, about) });
    return desk.note('anomalySeen', evidence ?? about, 'OVER', 'It is over.');
  }
  if (about !== null) desk.change({ anomalies: withAnomaly(anomalies, { about, evidence, sinceMs: Date.now() }) });
  desk.note('anomalySeen', evidence, 'NOTED', 'No sign of aging, and no reason for a restart; somebody should look.');
}

/** Counts the signal. What is no object of these fields is not followed: it may mean anything. Without any input it is an empty one. */
function readSignal(
  desk: SupervisorDesk,
  what: string,
  input: unknown,
  fields: Record<string, string>,
): Record<string, unknown> | null {
  count(desk);
  const given = input ?? {};
  const isObject = typeof given === 'object' && !Array.isArray(given);
  const wrong = isObject ? Object.entries(given).find(([name, value]) => typeof value !== fields[name]) : undefined;
  if (isObject && wrong === undefined) return given as Record<string, unknown>;
  const allowed = Object.entries(fields).map(([name, type]) => `"${name}" (${type === 'string' ? 'text' : 'true or false'})`);
  const found = wrong === undefined ? 'what is no object' : `"${wrong[0].slice(0, MAX_NAME_CHARS)}"`;
  desk.note(what, null, 'INPUT_INVALID', `Found ${found}, allowed: one JSON object with ${allowed.join(' and ')}. Not followed.`);
  return null;
}

function count(desk: SupervisorDesk): void {
  desk.change({ signals: desk.now.signals + 1 });
}
