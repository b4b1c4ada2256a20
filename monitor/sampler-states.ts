// What each sampler has done last, for whoever asks how the monitor is.

import { describeError, OperatorError } from '../config/operator-error.js';
import type { SamplerState } from '../state/monitor-state.js';
import { DEAD_AFTER } from './sampler-loop.js';
import type { Outcome } from './sampler.js';

export class SamplerStates {
  private readonly states: Map<string, SamplerState>;

  constructor(samplers: readonly { name: string }[]) {
    this.states = new Map(
      samplers.map(({ name }) => [name, { sampler: name, lastSuccessAt: null, failure: null, deadSince: null }]),
    );
  }

  /** Goes on from what another worker has seen. */
  resume(states: readonly SamplerState[]): void {
    for (const state of states) if (this.states.has(state.sampler)) this.states.set(state.sampler, state);
  }

  seen(sampler: string, outcome: Outcome): void {
    const before = this.states.get(sampler);
    const at = new Date().toISOString();
    const lastSuccessAt = outcome === 'sample' ? at : (before?.lastSuccessAt ?? null);
    if (outcome === 'sample' || outcome === 'nothing') {
      this.states.set(sampler, { sampler, lastSuccessAt, failure: null, deadSince: null });
      return;
    }
    const error = outcome.thrown;
    const times = (before?.failure?.times ?? 0) + 1;
    const code = error instanceof OperatorError ? error.code : null;
    this.states.set(sampler, {
      sampler,
      lastSuccessAt,
      failure: { at, code, message: error instanceof OperatorError ? error.message : describeError(error), times },
      deadSince: before?.deadSince ?? (times >= DEAD_AFTER ? at : null),
    });
  }

  get all(): SamplerState[] {
    return [...this.states.values()];
  }
}
