// What each sampler has done last, for whoever asks how the monitor is.

import { describeError, OperatorError } from '../config/operator-error.js';
import type { SamplerState } from '../state/monitor-state.js';
import { DEAD_AFTER } from './sampler-loop.js';

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

  /** What has come of a sample: null, or what it has thrown. */
  seen(sampler: string, error: unknown): void {
    const before = this.states.get(sampler);
    const at = new Date().toISOString();
    if (error === null) {
      this.states.set(sampler, { sampler, lastSuccessAt: at, failure: null, deadSince: null });
      return;
    }
    const times = (before?.failure?.times ?? 0) + 1;
    const code = error instanceof OperatorError ? error.code : null;
    this.states.set(sampler, {
      sampler,
      lastSuccessAt: before?.lastSuccessAt ?? null,
      failure: { at, code, message: error instanceof OperatorError ? error.message : describeError(error), times },
      deadSince: before?.deadSince ?? (times >= DEAD_AFTER ? at : null),
    });
  }

  get all(): SamplerState[] {
    return [...this.states.values()];
  }
}
