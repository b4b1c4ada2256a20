// An operator's word to the supervisor of a pool: its updates, answered or refused.

import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { Decision } from '../activities/deps.js';
import { reasonOf } from './failure-cause.js';
import type { OperatorNote } from './messages.js';
import { abortUpdate, retryUpdate, skipUpdate } from './messages.js';
import { reasonIn } from './operator-note.js';
import type { SupervisorDesk } from './supervisor-desk.js';
import { tellLog } from './supervisor-log.js';
import * as messages from './supervisor-messages.js';
import { describeApproved, describeRejected, describeResumed } from './wishes.js';

/** Passes an operator's word on to the restart under way, and resolves with its answer. */
export type TellRestart = (run: string, decision: Decision, reason: string | null) => Promise<string>;

/** Of all reasons to pause; who adds more has them in the history. Chosen. */
const MAX_PAUSED_CHARS = 1000;
/** Between two of them: a reason may have semicolons of its own. */
const ALSO = ', and also: ';

const PASSED_ON: Record<Decision, string> = {
  retry: 'Let the restart or fail-over under way try again what has failed',
  skip: 'Let the restart or fail-over under way go on without the step that waits for you',
  abort: 'Give up the restart or fail-over under way; only before its point of no return',
};

export function takeUpdates(desk: SupervisorDesk, tell: TellRestart): void {
  setHandler(messages.approveUpdate, (note: OperatorNote) => approve(desk, note), {
    description: 'Let the restart or fail-over begin that waits for approval',
    validator: (_note: OperatorNote) => {
      if (desk.now.judgement?.verdict !== 'ask') throw refused('Nothing waits for approval.');
    },
  });
  setHandler(messages.rejectUpdate, (note: OperatorNote) => reject(desk, note), {
    description: 'Drop the restart or fail-over that is wanted and has not begun',
    validator: (_note: OperatorNote) => {
      if (desk.now.wanted === null) throw refused('Nothing is wanted.');
    },
  });
  setHandler(messages.pauseUpdate, (note: OperatorNote) => pause(desk, note), {
    description: 'Begin no restart and no fail-over until resume; one that runs goes on',
  });
  setHandler(
    messages.resumeUpdate,
    (note: OperatorNote) => {
      desk.change({ paused: null, judgement: null });
      return answer(desk, 'resume', note, 'RESUMED', describeResumed(desk.now));
    },
    {
      description: 'Go on after pause',
      validator: (_note: OperatorNote) => {
        if (desk.now.paused === null) throw refused('It is not paused.');
      },
    },
  );
  for (const update of [retryUpdate, skipUpdate, abortUpdate]) {
    const decision = update.name as Decision;
    setHandler(update, (note: OperatorNote) => passOn(desk, tell, decision, note), {
      description: PASSED_ON[decision],
      validator: (_note: OperatorNote) => {
        if (!/\/[^/]+\/[^/]+$/.test(desk.now.running ?? '')) throw refused('No restart of this supervisor runs.');
      },
    });
  }
}

function approve(desk: SupervisorDesk, note: unknown): string {
  const { wanted } = desk.now;
  if (wanted !== null) desk.change({ wanted: { ...wanted, isApproved: true }, judgement: null, lastRefusal: null });
  const text = describeApproved(desk.now);
  if (wanted?.by === 'down') tellLog('info', desk.pool, 'APPROVED', text, reasonIn(note));
  return answer(desk, 'approve', note, 'APPROVED', text);
}

function reject(desk: SupervisorDesk, note: unknown): string {
  const { wanted, displaced, judgement } = desk.now;
  const text = describeRejected(desk.now);
  if (judgement === null) desk.explainWanted('REJECTED', 'An operator has rejected it.');
  desk.change({ wanted: displaced, displaced: null, judgement: null });
  if (wanted?.by === 'down') desk.decline();
  desk.refuse('reject', reasonIn(note), 'REJECTED', text);
  if (wanted?.by === 'down') tellLog('warn', desk.pool, 'REJECTED', text, reasonIn(note));
  return `reject: ${text}`;
}

/** Whoever ends a pause sees all that speaks for it: a second reason is added to the first. */
function pause(desk: SupervisorDesk, note: unknown): string {
  const { paused } = desk.now;
  const reason = reasonIn(note);
  if (paused === null) {
    desk.change({ paused: reason ?? 'on request' });
    return answer(desk, 'pause', note, 'PAUSED', 'Nothing begins until "resume", also no fail-over; what runs goes on.');
  }
  if (reason === null || paused.split(ALSO).includes(reason))
    return answer(desk, 'pause', note, 'ALREADY_PAUSED', `It is paused already, for this: ${paused}.`);
  const both = `${paused}${ALSO}${reason}`.slice(0, MAX_PAUSED_CHARS);
  desk.change({ paused: both });
  const text = `It is paused already, and by now for this: ${both}. One "resume" ends it.`;
  return answer(desk, 'pause', note, 'ALREADY_PAUSED', text);
}

async function passOn(desk: SupervisorDesk, tell: TellRestart, decision: Decision, note: unknown): Promise<string> {
  try {
    return answer(desk, decision, note, 'PASSED_ON', await tell(desk.now.running ?? '', decision, reasonIn(note)));
  } catch (error) {
    desk.note(decision, reasonIn(note), 'NOT_PASSED_ON', reasonOf(error));
    throw error;
  }
}

function answer(desk: SupervisorDesk, what: string, note: unknown, code: string, text: string): string {
  desk.note(what, reasonIn(note), code, text);
  return `${what}: ${text}`;
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'UPDATE_REFUSED');
}
