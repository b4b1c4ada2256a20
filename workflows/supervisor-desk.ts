// What the supervisor of a pool is about, and how that changes: every change is explained, and shown in the current details.

import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { Judgement, Wanted } from '../policy/may-restart.js';
import type { Supervision } from './supervision.js';
import { explain, OUTAGE_OVER_MS, statusOf } from './supervision.js';
import { describeSupervision } from './supervision-details.js';
import { tellLog } from './supervisor-log.js';
import * as messages from './supervisor-messages.js';
import { takeSignals } from './supervisor-signals.js';
import type { TellRestart } from './supervisor-updates.js';
import { takeUpdates } from './supervisor-updates.js';
import { takeWish } from './wishes.js';
import { isFailOver } from './workflow-ids.js';

export class SupervisorDesk {
  now: Supervision;

  constructor(
    readonly pool: string,
    carried: Supervision,
    tell: TellRestart,
  ) {
    this.now = carried;
    takeSignals(this);
    takeUpdates(this, tell);
    setHandler(messages.poolStatusQuery, () => statusOf(pool, this.now), {
      description: 'What is wanted, what it waits for, when it looks again, and what it last refused',
    });
    setHandler(messages.historyQuery, () => this.now.history, {
      description: 'Every signal and update of late with its answer, the latest last',
    });
    this.show();
  }

  /** Whether there is something to ask policy about. */
  get isUndecided(): boolean {
    const { wanted, judgement, isAskedAgain, paused, running } = this.now;
    return wanted !== null && paused === null && running === null && (judgement === null || isAskedAgain);
  }

  want(what: string, next: Wanted): void {
    const { change, replaced, answer } = takeWish(this.now, next);
    if (answer?.isRefusal === true) {
      const { code, text } = answer;
      this.refuse(what, next.reason, code, text);
      // Told every half a minute, it is one line.
      if (next.by === 'down' && this.now.history.at(-1)?.count === 1) tellLog('warn', this.pool, code, text, next.reason);
      return;
    }
    if (replaced !== null) this.explainWanted(replaced.code, replaced.text);
    if (answer !== null) this.note(what, next.reason, answer.code, answer.text);
    this.change(change);
  }

  judged(judgement: Judgement): void {
    const { wanted } = this.now;
    const { verdict, code, text } = judgement;
    const what = wanted === null ? 'agingDetected' : SIGNAL_OF[wanted.by];
    const reason = wanted?.reason ?? null;
    if (verdict === 'go') {
      this.note(what, reason, code, text);
      return this.change({ wanted: null, judgement: null, isAskedAgain: false, lastRefusal: null });
    }
    if (MET.has(code)) {
      this.note(what, reason, code, text);
      this.change({ lastRefusal: null, ...(wanted?.by === 'down' ? { isFailOverDeclined: false } : {}) });
    } else if (wanted?.by === 'age' && verdict === 'no') this.note(what, reason, code, text);
    else this.refuse(what, reason, code, text);
    if (verdict !== 'no') return this.change({ judgement, isAskedAgain: false });
    // One that is not needed leaves the wish as it was whose place it took.
    this.change({ wanted: this.now.displaced, displaced: null, judgement: null, isAskedAgain: false });
  }

  /** Policy could not be asked once more: what waits for approval goes on to. Whether something does. */
  keepsAsking(untilMs: number | null): boolean {
    const { judgement } = this.now;
    if (judgement?.verdict !== 'ask') return false;
    this.change({ judgement: { ...judgement, untilMs }, isAskedAgain: false });
    return true;
  }

  /** From now on signals come too late to want another one. */
  begins(workflowId: string): void {
    this.change({ running: workflowId });
  }

  /** Its time has come, or something has changed: policy is asked again. */
  askAgain(): void {
    this.change({ isAskedAgain: true });
  }

  started(run: string, { by, reason }: Pick<Wanted, 'by' | 'reason'>): void {
    this.note('restart', reason, 'STARTED', `${run} has begun, wanted by ${by}.`);
    this.change({ running: run });
  }

  /** A fail-over that ends well has restarted the machine that was meant before; one that does not leaves that wish, and is not repeated by itself. */
  ended(code: string, text: string): void {
    const { running } = this.now;
    const wasFailOver = running !== null && isFailOver(this.pool, running);
    const isWell = code === 'DONE';
    if (isWell) this.note('restart', null, code, text);
    else this.refuse('restart', null, code, text);
    this.change({
      ...{ running: null, displaced: null, judgement: null },
      ...(isWell ? { lastRefusal: null } : { wanted: this.now.displaced }),
    });
    // One that has ended well has seen both machines well, whatever was wrong before.
    if (isWell || (wasFailOver && NOT_ITS_FAULT.has(code))) this.change({ isFailOverDeclined: false });
    else if (wasFailOver) this.decline();
  }

  /** The active machine is down: anew, where nobody has told of that for long. */
  toldDown(): void {
    const { downToldMs } = this.now;
    const isAnew = downToldMs !== null && Date.now() - downToldMs > OUTAGE_OVER_MS;
    this.change({ downToldMs: Date.now(), ...(isAnew ? { isFailOverDeclined: false } : {}) });
  }

  /** The next fail-over of this outage is an operator's decision. While one runs nobody is told of the outage. */
  decline(): void {
    this.change({ isFailOverDeclined: true, downToldMs: Date.now() });
  }

  /** Answers whoever wants what is wanted, where policy has not. */
  explainWanted(code: string, text: string): void {
    const { wanted } = this.now;
    if (wanted !== null) this.note(SIGNAL_OF[wanted.by], wanted.reason, code, text);
  }

  /** Explains what has been done. */
  note(what: string, reason: string | null, code: string, text: string): void {
    this.change({ history: explain(this.now.history, { atMs: Date.now(), what, reason, code, text }) });
  }

  /** Explains what has not been done, or not yet; it stays in sight until something has. */
  refuse(what: string, reason: string | null, code: string, text: string): void {
    const told = { atMs: Date.now(), what, reason, code, text };
    this.change({ history: explain(this.now.history, told), lastRefusal: told });
  }

  change(change: Partial<Supervision>): void {
    this.now = { ...this.now, ...change };
    this.show();
  }

  private show(): void {
    setCurrentDetails(describeSupervision(this.pool, this.now));
  }
}

/** What was wanted is so already, and nothing was refused. */
const MET: ReadonlySet<string> = new Set(['RESTARTED_SINCE', 'RECOVERED']);

/** Ends of a fail-over after which the next one may begin by itself. */
const NOT_ITS_FAULT: ReadonlySet<string> = new Set(['ACTIVE_RECOVERED', 'RESTART_RUNNING']);

/** Which signal has wanted it. */
const SIGNAL_OF = { operator: 'rejuvenate', aging: 'agingDetected', age: 'agingDetected', down: 'serverDown' } as const;
