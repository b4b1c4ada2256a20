// Many pools, one after the other or some at a time: what has become of each, and what the operator says when one fails.

import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { OperatorNote } from './messages.js';
import { reasonIn } from './operator-note.js';

export interface PoolProgress {
  pool: string;
  state: 'waiting' | 'restarting' | 'done' | 'failed' | 'skipped';
  /** Of a failure: its code, and what happened; null otherwise. */
  code: string | null;
  text: string | null;
}

export interface FleetStatus {
  pools: PoolProgress[];
  /** Whether it waits for an operator: one has failed, and none is begun until then. Others may still be under way. */
  isStopped: boolean;
}

export const fleetStatusQuery = defineQuery<FleetStatus>('status');
export const resumeFleetUpdate = defineUpdate<string, [OperatorNote]>('resume');
export const skipFailedUpdate = defineUpdate<string, [OperatorNote]>('skip');
export const endFleetUpdate = defineUpdate<string, [OperatorNote]>('abort');

type Verdict = 'resume' | 'skip' | 'abort';

export class Fleet {
  pools: PoolProgress[];
  /** Nothing else begins, by an operator's word. */
  private isAborted = false;

  constructor(pools: readonly string[]) {
    this.pools = pools.map((pool) => ({ pool, state: 'waiting', code: null, text: null }));
    setHandler(fleetStatusQuery, () => ({ pools: this.pools, isStopped: this.isStopped }), {
      description: 'What has become of each pool so far',
    });
    const answers = [
      [resumeFleetUpdate, 'resume', 'Try those that failed again, and go on'],
      [skipFailedUpdate, 'skip', 'Leave those that failed as they are, and go on'],
      [endFleetUpdate, 'abort', 'Begin no other; what has been done stays done'],
    ] as const;
    for (const [update, verdict, description] of answers) {
      setHandler(update, (note: OperatorNote) => this.decide(verdict, note), {
        description: `${description}; only after a failure`,
        validator: (_note: OperatorNote) => {
          if (this.isStopped) return;
          const why = this.isAborted ? 'It ends with what is under way.' : 'Nothing has failed: it goes on by itself.';
          throw ApplicationFailure.nonRetryable(why, 'UPDATE_REFUSED');
        },
      });
    }
    this.show();
  }

  /** One has failed, and nobody has said yet what becomes of it. */
  private get isStopped(): boolean {
    return this.has('failed') && !this.isAborted;
  }

  /** The next pool, taken up; null when none waits, or one has failed. */
  takeNext(): string | null {
    const next = this.nextWaiting();
    if (next === null) return null;
    this.set(next, 'restarting');
    return next;
  }

  /** Waits while one has failed and another is still under way: an operator may say meanwhile that more begin. Whether any may. */
  async mayTakeMore(): Promise<boolean> {
    // Cancelled meanwhile, it waits all the same for the restart that is past its point of no return.
    await CancellationScope.nonCancellable(() => condition(() => !this.isStopped || !this.has('restarting')));
    return this.nextWaiting() !== null;
  }

  set(pool: string, state: PoolProgress['state'], code: string | null = null, text: string | null = null): void {
    this.pools = this.pools.map((one) => (one.pool === pool ? { pool, state, code, text } : one));
    this.show();
  }

  /** Waits for the operator's word on those that failed, where any did. False when no other may begin. */
  async mayGoOn(): Promise<boolean> {
    if (!this.has('failed')) return false;
    await condition(() => !this.isStopped);
    return !this.isAborted;
  }

  private nextWaiting(): string | null {
    return this.has('failed') ? null : (this.pools.find(({ state }) => state === 'waiting')?.pool ?? null);
  }

  private has(state: PoolProgress['state']): boolean {
    return this.pools.some((one) => one.state === state);
  }

  private decide(verdict: Verdict, note: OperatorNote): string {
    const reason = reasonIn(note);
    const named = (state: PoolProgress['state']): string[] =>
      this.pools.flatMap((one) => (one.state === state ? [one.pool] : []));
    const [failed, waiting] = [named('failed'), named('waiting')];
    const rest = waiting.length === 0 ? 'and no other waits' : `then come ${waiting.join(', ')}`;
    const [tried, left] = failed.length === 1 ? ['is tried', 'stays as it is'] : ['are tried', 'stay as they are'];
    const next = {
      resume: `${failed.join(', ')} ${tried} again, ${rest}.`,
      skip: `${failed.join(', ')} ${left}, ${rest}.`,
      abort: 'No other is begun; what has been done stays done.',
    }[verdict];
    this.isAborted = verdict === 'abort';
    for (const { pool, state, code, text } of this.pools) {
      if (state === 'failed' && verdict === 'resume') this.set(pool, 'waiting');
      if (state === 'failed' && verdict === 'skip') this.set(pool, 'skipped', code, text);
    }
    this.show();
    return `${verdict}: ${next}${reason === null ? '' : ` (${reason})`}`;
  }

  private show(): void {
    const { pools } = this;
    const counts = [...new Set(pools.map(({ state }) => state))].map(
      (state) => `${pools.filter((one) => one.state === state).length} ${state}`,
    );
    const lines = pools.map(
      ({ pool, state, code, text }) => `- **${pool}**: ${state}${code === null ? '' : ` (${code}: ${text ?? ''})`}`,
    );
    const decision = this.isAborted ? 'none is needed: no other is begun.' : 'none is needed, unless one fails.';
    const advice = this.isStopped
      ? '**Waits for you**. **Next decision**, yours: send the update `resume` to try again what failed, `skip` to go on without it, or `abort`.'
      : `**Next decision**: ${decision}`;
    const head = `Clean restarts of **${pools.length} pools**: ${counts.join(', ')}`;
    // The UI's frame may cut off what is last.
    setCurrentDetails([head, '', advice, '', ...lines].join('\n'));
  }
}
