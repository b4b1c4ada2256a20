// Progress of a restart and the operator's word in it: the state behind the query and the updates.

import { condition, setCurrentDetails, setHandler, ApplicationFailure } from '@temporalio/workflow';
import { codeOf, reasonOf } from './failure-cause.js';
import type { FailureRecord } from './failure-record.js';
import type { CleanRestartInput } from './input.js';
import type { OperatorNote } from './messages.js';
import { abortUpdate, retryUpdate, skipUpdate, statusQuery } from './messages.js';
import { reasonIn } from './operator-note.js';
import { describeStatus } from './restart-details.js';
import type { Plan, RestartStatus } from './steps.js';
import { DONE_WITH_LESS, helpfulUpdates, leftToDo, SKIPPABLE } from './steps.js';

export type Verdict = 'retry' | 'skip';

export class OperatorDesk<Name extends string> {
  readonly status: RestartStatus<Name>;
  private verdict: Verdict | null = null;
  private pastReturn = false;
  /** What who aborted has said; null while nobody has, or has said nothing. */
  abortReason: string | null = null;
  /** The same of who skipped last. */
  skipReason: string | null = null;

  constructor(
    private readonly plan: Plan<Name>,
    { pool, reason }: CleanRestartInput,
    private readonly onAbort: () => void,
  ) {
    this.status = {
      pool,
      reason: reasonIn({ reason }),
      step: null,
      stepStartedAtMs: null,
      steps: plan.steps.map((name) => ({ name, ms: null })),
      skipped: [],
      waiting: null,
      waitingSinceMs: null,
      code: null,
      found: {},
      failure: null,
    };
    setHandler(statusQuery, () => this.status as RestartStatus<string> as RestartStatus, {
      description: 'Which step runs, how long each took, and what it waits for',
    });
    setHandler(retryUpdate, (_note: OperatorNote) => this.retry(), {
      description: 'Try the step that failed again; only while the restart waits for you',
      validator: (_note: OperatorNote) => this.mustWait('retry'),
    });
    setHandler(skipUpdate, (note: OperatorNote) => this.skip(note), {
      description: skipDescription(plan),
      validator: (_note: OperatorNote) => {
        this.mustWait('skip');
        if (!helpfulUpdates(this.status.step).includes('skip'))
          throw refused(`Step ${String(this.status.step)} cannot be skipped: sessions would be lost.`);
      },
    });
    setHandler(abortUpdate, (note: OperatorNote) => this.abort(note), {
      description: `Give up and leave the pool as it was; only ${plan.abortUntil}`,
      validator: (_note: OperatorNote) => {
        if (this.pastReturn) throw refused(plan.noWayBack);
      },
    });
  }

  begin(step: Name): void {
    if (this.status.step !== step) this.status.stepStartedAtMs = Date.now();
    this.status.step = step;
    this.show();
  }

  /** `found` is what came of it, in words. */
  end(step: Name, found?: string): void {
    const entry = this.status.steps.find((candidate) => candidate.name === step);
    // A step that is ensured once more has nothing left to do: its time is that of the first.
    if (entry) entry.ms ??= Date.now() - (this.status.stepStartedAtMs ?? Date.now());
    if (found !== undefined) this.status.found[step] = found;
    this.show();
  }

  /** The pool is as it was, and nothing goes on. */
  giveUp(failure: FailureRecord): void {
    this.status.failure = failure;
    this.show();
  }

  passPointOfNoReturn(): void {
    this.pastReturn = true;
  }

  /** Waits until the operator has decided what becomes of a step that failed. */
  async ask(failure: unknown): Promise<Verdict> {
    this.verdict = null;
    this.status.waiting = reasonOf(failure);
    this.status.waitingSinceMs = Date.now();
    this.status.code = codeOf(failure);
    this.show();
    await condition(() => this.verdict !== null);
    const { step } = this.status;
    if (this.verdict === 'skip' && step !== null && !DONE_WITH_LESS.has(step)) this.status.skipped.push(step);
    this.status.waiting = null;
    this.status.waitingSinceMs = null;
    this.status.code = null;
    this.show();
    return this.verdict ?? 'retry';
  }

  private retry(): string {
    this.verdict = 'retry';
    return `retry: ${String(this.status.step)} is tried again now, and waits for you once more if it cannot succeed.`;
  }

  private skip(note: unknown): string {
    const { step, pool } = this.status;
    this.skipReason = reasonIn(note);
    this.verdict = 'skip';
    if (DONE_WITH_LESS.has(String(step))) return `skip: ${String(step)} is tried again now, to ${SKIPPABLE[String(step)] ?? ''}.`;
    const next = step === null ? undefined : this.plan.steps[this.plan.steps.indexOf(step) + 1];
    const goesOn = next === undefined ? 'was the last step' : `is left out, and ${next} comes next`;
    const left = leftToDo(String(step), pool);
    return `skip: ${String(step)} ${goesOn}${left === null ? '.' : `; what is left to you: ${left}.`}`;
  }

  private abort(note: unknown): string {
    this.abortReason ??= reasonIn(note);
    this.onAbort();
    return 'abort: the pool goes back as it was, unless it is past the point of no return by now';
  }

  private mustWait(update: Verdict): void {
    if (this.status.waiting === null) throw refused(`Nothing waits for "${update}": the restart is going on by itself.`);
  }

  private show(): void {
    setCurrentDetails(describeStatus(this.plan, this.status));
  }
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'UPDATE_REFUSED');
}

function skipDescription({ steps }: Plan<string>): string {
  const means = steps.flatMap((name) => (SKIPPABLE[name] === undefined ? [] : [`${name}: ${SKIPPABLE[name]}`]));
  return `Go on without the step that waits for you; ${means.join('; ')}`;
}
