// Where signals, updates and queries of a pool's supervisor arrive. Every signal gets an explanation; at most one restart is wanted.

import { ApplicationFailure, patched, setCurrentDetails, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import type { Decision } from '../activities/deps.js';
import type { Judgement, Wanted } from '../policy/may-restart.js';
import { reasonOf } from './failure-cause.js';
import type { OperatorNote } from './messages.js';
import { abortUpdate, retryUpdate, skipUpdate } from './messages.js';
import { reasonIn } from './operator-note.js';
import { failOverOf } from './workflow-ids.js';
import type { Supervision } from './supervision.js';
import { describeSupervision, explain, statusOf, UNKNOWN_SIGNAL } from './supervision.js';
import * as messages from './supervisor-messages.js';

/** Of names that somebody has made up. */
const MAX_NAME_CHARS = 60;

const PASSED_ON: Record<Decision, string> = {
  retry: 'Let the restart under way try again what has failed',
  skip: 'Let the restart under way go on without restarting the primary',
  abort: 'Give up the restart under way; only before the standby has taken traffic',
};

/** Passes an operator's word on to the restart under way, and resolves with its answer. */
export type TellRestart = (run: string, decision: Decision, reason: string | null) => Promise<string>;

export class SupervisorDesk {
  now: Supervision;

  constructor(
    private readonly pool: string,
    carried: Supervision,
    private readonly tell: TellRestart,
  ) {
    this.now = carried;
    this.takeSignals();
    this.takeUpdates();
    setHandler(messages.poolStatusQuery, () => statusOf(pool, this.now), {
      description: 'What is wanted, what it waits for, and when it looks again',
    });
    setHandler(messages.historyQuery, () => this.now.history, {
      description: 'Every signal and update of late with its answer, the latest last',
    });
    this.show();
  }

  /** Whether there is something to ask policy about. */
  get isUndecided(): boolean {
    const { wanted, judgement, paused, running } = this.now;
    return wanted !== null && paused === null && running === null && judgement === null;
  }

  judged(judgement: Judgement): void {
    const { wanted } = this.now;
    const isOver = judgement.verdict === 'no' || judgement.verdict === 'go';
    const what = wanted === null ? 'agingDetected' : SIGNAL_OF[wanted.by];
    this.note(what, wanted?.reason ?? null, judgement.code, judgement.text);
    if (!isOver) return this.change({ judgement });
    if (judgement.verdict === 'go') return this.change({ wanted: null, judgement: null });
    // One that is not needed leaves the wish as it was whose place it took.
    this.change({ wanted: this.now.displaced, displaced: null, judgement: null });
  }

  /** From now on signals come too late to want another one. */
  begins(workflowId: string): void {
    this.change({ running: workflowId });
  }

  /** Its time has come, or something has changed: policy is asked again. */
  askAgain(): void {
    this.change({ judgement: null });
  }

  started(run: string): void {
    this.note('restart', null, 'STARTED', `${run} has begun.`);
    this.change({ running: run });
  }

  /** A fail-over that ends well has restarted the machine that was meant before; one that does not leaves that wish, and is not repeated by itself. */
  ended(code: string, text: string): void {
    this.note('restart', null, code, text);
    const isFailOver = this.now.running?.startsWith(`${failOverOf(this.pool)}`) === true;
    const isWell = code === 'DONE';
    this.change({
      ...{ running: null, displaced: null, judgement: null },
      ...(isWell ? {} : { wanted: this.now.displaced }),
      ...(isFailOver ? { isFailOverDeclined: !isWell && !NOT_ITS_FAULT.has(code) } : {}),
    });
  }

  note(what: string, reason: string | null, code: string, text: string): void {
    this.change({ history: explain(this.now.history, { atMs: Date.now(), what, reason, code, text }) });
  }

  private takeSignals(): void {
    setHandler(
      messages.rejuvenateSignal,
      (request: unknown) => {
        const read = this.read('rejuvenate', request, { reason: 'string', force: 'boolean' });
        if (read === null) return;
        const force = read['force'] === true;
        this.want('rejuvenate', { by: 'operator', reason: reasonIn(read), force, isApproved: false, sinceMs: Date.now() });
      },
      { description: 'Restart the pool cleanly, when policy allows it; {"force": true} goes past windows and cooldown' },
    );
    setHandler(
      messages.agingDetectedSignal,
      (report: unknown) => {
        const read = this.read('agingDetected', report, { evidence: 'string', by: 'string' });
        if (read === null) return;
        const by = read['by'] === 'age' ? 'age' : 'aging';
        const reason = reasonIn(read, 'evidence');
        this.want('agingDetected', { by, reason, force: false, isApproved: false, sinceMs: Date.now() });
      },
      { description: 'The active machine shows signs of aging; policy decides' },
    );
    setHandler(
      messages.serverDownSignal,
      (report: unknown) => {
        const read = this.read('serverDown', report, { evidence: 'string', machine: 'string' });
        if (read === null) return;
        const reason = reasonIn(read, 'evidence');
        if (patched('fail-over'))
          return this.want('serverDown', {
            ...{ by: 'down', reason, force: false, isApproved: false, sinceMs: Date.now() },
            ...(typeof read['machine'] === 'string' ? { machine: read['machine'] } : {}),
            ...(this.now.isFailOverDeclined ? { mustAsk: true } : {}),
          });
        this.note('serverDown', reason, 'NO_FAIL_OVER', 'This version does not fail over by itself: look at the active machine.');
      },
      { description: 'The active machine has died or hangs; policy decides whether the standby takes over' },
    );
    setHandler(
      messages.anomalySeenSignal,
      (report: unknown) => {
        const read = this.read('anomalySeen', report, { evidence: 'string' });
        const text = 'No sign of aging, and no reason for a restart; somebody should look.';
        if (read !== null) this.note('anomalySeen', reasonIn(read, 'evidence'), 'NOTED', text);
      },
      { description: 'Something is wrong that no restart mends, as a sampler that has died; noted for an operator' },
    );
    setHandler(
      messages.lookAgainSignal,
      () => {
        if (this.now.judgement?.verdict === 'later') this.askAgain();
      },
      { description: 'Ask policy again about what waits for its time, as a worker does when it starts' },
    );
    setDefaultSignalHandler((name) => {
      this.count();
      this.note(UNKNOWN_SIGNAL, name.slice(0, MAX_NAME_CHARS), 'SIGNAL_UNKNOWN', 'No signal of this supervisor has that name.');
    });
  }

  /** Counts the signal. What is no object of these fields is not followed: it may mean anything. Without any input it is an empty one. */
  private read(what: string, input: unknown, fields: Record<string, string>): Record<string, unknown> | null {
    this.count();
    const given = input ?? {};
    const isObject = typeof given === 'object' && !Array.isArray(given);
    const wrong = isObject ? Object.entries(given).find(([name, value]) => typeof value !== fields[name]) : undefined;
    if (isObject && wrong === undefined) return given as Record<string, unknown>;
    const allowed = Object.entries(fields).map(([name, type]) => `"${name}" (${type === 'string' ? 'text' : 'true or false'})`);
    const found = wrong === undefined ? 'what is no object' : `"${wrong[0].slice(0, MAX_NAME_CHARS)}"`;
    this.note(
      what,
      null,
      'INPUT_INVALID',
      `Found ${found}, allowed: one JSON object with ${allowed.join(' and ')}. Not followed.`,
    );
    return null;
  }

  private want(what: string, next: Wanted): void {
    const { paused, running, wanted } = this.now;
    if (running !== null) return this.note(what, next.reason, 'RESTART_RUNNING', `${running} is under way.`);
    if (paused !== null) return this.note(what, next.reason, 'PAUSED', `The supervisor is paused: ${paused}.`);
    // What policy says of it is its explanation.
    if (wanted === null) return this.change({ wanted: next, judgement: null });
    const isStronger = weightOf(next) > weightOf(wanted);
    // What is wanted besides a fail-over waits for its end.
    if (!isStronger && wanted.by === 'down' && next.by !== 'down' && weightOf(next) > weightOf(this.now.displaced))
      return this.change({ displaced: next });
    if (!isStronger) return this.note(what, next.reason, 'ALREADY_WANTED', `A restart is wanted already, by ${wanted.by}.`);
    this.note(what, next.reason, 'TAKEN_UP', `It takes the place of what was wanted by ${wanted.by}.`);
    this.change({ wanted: next, displaced: next.by === 'down' ? wanted : null, judgement: null });
  }

  private count(): void {
    this.change({ signals: this.now.signals + 1 });
  }

  private takeUpdates(): void {
    setHandler(
      messages.approveUpdate,
      (note: OperatorNote) => {
        const { wanted } = this.now;
        if (wanted !== null) this.change({ wanted: { ...wanted, isApproved: true }, judgement: null });
        return this.answer('approve', note, 'APPROVED', 'The restart begins when nothing else speaks against it.');
      },
      {
        description: 'Let the restart begin that waits for approval',
        validator: (_note: OperatorNote) => {
          if (this.now.judgement?.verdict !== 'ask') throw refused('Nothing waits for approval.');
        },
      },
    );
    setHandler(
      messages.rejectUpdate,
      (note: OperatorNote) => {
        const isFailOverDeclined = this.now.isFailOverDeclined || this.now.wanted?.by === 'down';
        this.change({ wanted: this.now.displaced, displaced: null, judgement: null, isFailOverDeclined });
        return this.answer('reject', note, 'REJECTED', 'What was wanted is dropped.');
      },
      {
        description: 'Drop the restart that is wanted and has not begun',
        validator: (_note: OperatorNote) => {
          if (this.now.wanted === null) throw refused('Nothing is wanted.');
        },
      },
    );
    setHandler(
      messages.pauseUpdate,
      (note: OperatorNote) => {
        this.change({ paused: reasonIn(note) ?? 'on request' });
        return this.answer('pause', note, 'PAUSED', 'No restart begins until "resume"; one that runs goes on.');
      },
      { description: 'Begin no restart until resume; one that runs goes on' },
    );
    setHandler(
      messages.resumeUpdate,
      (note: OperatorNote) => {
        this.change({ paused: null, judgement: null });
        return this.answer('resume', note, 'RESUMED', 'What is wanted is decided anew.');
      },
      {
        description: 'Go on after pause',
        validator: (_note: OperatorNote) => {
          if (this.now.paused === null) throw refused('It is not paused.');
        },
      },
    );
    for (const update of [retryUpdate, skipUpdate, abortUpdate]) {
      const decision = update.name as Decision;
      setHandler(update, (note: OperatorNote) => this.passOn(decision, note), {
        description: PASSED_ON[decision],
        validator: (_note: OperatorNote) => {
          if (!/\/[^/]+\/[^/]+$/.test(this.now.running ?? '')) throw refused('No restart of this supervisor runs.');
        },
      });
    }
  }

  private async passOn(decision: Decision, note: unknown): Promise<string> {
    try {
      return this.answer(decision, note, 'PASSED_ON', await this.tell(this.now.running ?? '', decision, reasonIn(note)));
    } catch (error) {
      this.note(decision, reasonIn(note), 'NOT_PASSED_ON', reasonOf(error));
      throw error;
    }
  }

  private answer(what: string, note: unknown, code: string, text: string): string {
    this.note(what, reasonIn(note), code, text);
    return `${what}: ${text}`;
  }

  private change(change: Partial<Supervision>): void {
    this.now = { ...this.now, ...change };
    this.show();
  }

  private show(): void {
    setCurrentDetails(describeSupervision(this.pool, this.now));
  }
}

/** Ends of a fail-over after which the next one may begin by itself. */
const NOT_ITS_FAULT: ReadonlySet<string> = new Set(['ACTIVE_RECOVERED', 'RESTART_RUNNING']);

/** Which signal has wanted it. */
const SIGNAL_OF = { operator: 'rejuvenate', aging: 'agingDetected', age: 'agingDetected', down: 'serverDown' } as const;

/** A machine that is down weighs most. An operator's word weighs more than a sign, and a sign more than the question of age: the other way round it adds nothing. */
function weightOf(wanted: Wanted | null): number {
  if (wanted === null) return -1;
  const { by, force } = wanted;
  return ['age', 'aging', 'operator', 'operator by force', 'down'].indexOf(by) + (force ? 1 : 0);
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'UPDATE_REFUSED');
}
