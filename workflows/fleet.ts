// Many pools, one after the other or some at a time: what has become of each, and what the operator says when one fails.

import { ApplicationFailure, condition, defineQuery, defineUpdate, setCurrentDetails, setHandler } from '@temporalio/workflow';
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
  /** Whether it waits for an operator: one has failed, and none is begun until then. */
  isStopped: boolean;
}

export const fleetStatusQuery = defineQuery<FleetStatus>('status');
export const resumeFleetUpdate = defineUpdate<string, [OperatorNote]>('resume');
export const skipFailedUpdate = defineUpdate<string, [OperatorNote]>('skip');
export const endFleetUpdate = defineUpdate<string, [OperatorNote]>('abort');

type Verdict = 'resume' | 'skip' | 'abort';

export class Fleet {
  readonly status: FleetStatus;
  private verdict: Verdict | null = null;

  constructor(pools: readonly string[]) {
    this.status = { pools: pools.map((pool) => ({ pool, state: 'waiting', code: null, text: null })), isStopped: false };
    setHandler(fleetStatusQuery, () => this.status, { description: 'What has become of each pool so far' });
    const answers = [
      [resumeFleetUpdate, 'resume', 'Try those that failed again, and go on'],
      [skipFailedUpdate, 'skip', 'Leave those that failed as they are, and go on'],
      [endFleetUpdate, 'abort', 'Begin no other; what has been done stays done'],
    ] as const;
    for (const [update, verdict, description] of answers) {
      setHandler(update, (note: OperatorNote) => this.decide(verdict, note), {
        description: `${description}; only after a failure`,
        validator: (_note: OperatorNote) => {
          if (this.status.isStopped) return;
          throw ApplicationFailure.nonRetryable('Nothing has failed: it goes on by itself.', 'UPDATE_REFUSED');
        },
      });
    }
    this.show();
  }

  get hasFailed(): boolean {
    return this.status.pools.some(({ state }) => state === 'failed');
  }

  /** The next pool, taken up; null when none waits, or one has failed. */
  takeNext(): string | null {
    const next = this.hasFailed ? undefined : this.status.pools.find(({ state }) => state === 'waiting');
    if (next === undefined) return null;
    this.set(next.pool, 'restarting');
    return next.pool;
  }

  set(pool: string, state: PoolProgress['state'], code: string | null = null, text: string | null = null): void {
    this.status.pools = this.status.pools.map((one) => (one.pool === pool ? { pool, state, code, text } : one));
    this.show();
  }

  /** Waits for the operator's word on those that failed. False when no other may begin. */
  async askToGoOn(): Promise<boolean> {
    this.verdict = null;
    this.status.isStopped = true;
    this.show();
    await condition(() => this.verdict !== null);
    this.status.isStopped = false;
    const failed = this.status.pools.filter(({ state }) => state === 'failed');
    if (this.verdict === 'resume') for (const { pool } of failed) this.set(pool, 'waiting');
    if (this.verdict === 'skip') for (const { pool, code, text } of failed) this.set(pool, 'skipped', code, text);
    this.show();
    return this.verdict !== 'abort';
  }

  private decide(verdict: Verdict, note: OperatorNote): string {
    this.verdict = verdict;
    const reason = reasonIn(note);
    const named = (state: PoolProgress['state']): string[] =>
      this.status.pools.flatMap((one) => (one.state === state ? [one.pool] : []));
    const [failed, waiting] = [named('failed'), named('waiting')];
    const rest = waiting.length === 0 ? 'and no other waits' : `then come ${waiting.join(', ')}`;
    const [tried, left] = failed.length === 1 ? ['is tried', 'stays as it is'] : ['are tried', 'stay as they are'];
    const next = {
      resume: `${failed.join(', ')} ${tried} again, ${rest}.`,
      skip: `${failed.join(', ')} ${left}, ${rest}.`,
      abort: 'No other is begun; what has been done stays done.',
    }[verdict];
    return `${verdict}: ${next}${reason === null ? '' : ` (${reason})`}`;
  }

  private show(): void {
    const { pools } = this.status;
    const counts = [...new Set(pools.map(({ state }) => state))].map(
      (state) => `${pools.filter((one) => one.state === state).length} ${state}`,
    );
    const lines = pools.map(
      ({ pool, state, code, text }) => `- **${pool}**: ${state}${code === null ? '' : ` (${code}: ${text ?? ''})`}`,
    );
    const advice = this.status.isStopped
      ? '**Waits for you**. **Next decision**, yours: send the update `resume` to try again what failed, `skip` to go on without it, or `abort`.'
      : '**Next decision**: none is needed, unless one fails.';
    const head = `Clean restarts of **${pools.length} pools**: ${counts.join(', ')}`;
    // The UI's frame may cut off what is last.
    setCurrentDetails([head, '', advice, '', ...lines].join('\n'));
  }
}
