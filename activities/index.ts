// The activities of the workflows, each by the name that the workflow, the Temporal UI and reports use.

import type { FailureRecord } from '../workflows/failure-record.js';
import { abandonRestart } from './abandon-restart.js';
import { awaitDrain } from './await-drain.js';
import { bootStandby } from './boot-standby.js';
import type { ActivityDeps } from './deps.js';
import { bringBack } from './fail-over/bring-back.js';
import type { ConcludeInput } from './fail-over/conclude.js';
import { concludeFailOver } from './fail-over/conclude.js';
import { fence } from './fail-over/fence.js';
import type { FailOverPair } from './fail-over/prepare-standby.js';
import { prepareStandby } from './fail-over/prepare-standby.js';
import { rescueSessions } from './fail-over/rescue-sessions.js';
import type { RouteOptions } from './fail-over/route.js';
import { route } from './fail-over/route.js';
import type { RunInput, TellInput } from './follow-restart.js';
import { followRestart, tellRestart } from './follow-restart.js';
import type { JudgeInput } from './judge-restart.js';
import { judgeRestart } from './judge-restart.js';
import { migrateSessions } from './migrate-sessions.js';
import { redirectTraffic } from './redirect-traffic.js';
import { requirePools } from './require-pools.js';
import { observePrimary, restartPrimary } from './restart-primary.js';
import type { SwapInput } from './swap-roles.js';
import { swapRoles } from './swap-roles.js';

export interface StepInput {
  pool: string;
}

/** `isFenced`: the machine is off by its hypervisor's word, not by an operator's alone. */
interface FencedInput extends StepInput, FailOverPair {
  isFenced: boolean;
}

export type Activities = ReturnType<typeof createActivities>;

export function createActivities(deps: ActivityDeps) {
  return {
    bootStandby: ({ pool }: StepInput) => bootStandby(deps, pool),
    redirectTraffic: ({ pool }: StepInput) => redirectTraffic(deps, pool),
    migrateSessions: ({ pool }: StepInput) => migrateSessions(deps, pool),
    awaitDrain: ({ pool }: StepInput) => awaitDrain(deps, pool),
    observePrimary: ({ pool }: StepInput) => observePrimary(deps, pool),
    restartPrimary: ({ pool, expect }: StepInput & { expect: string | null }) => restartPrimary(deps, pool, expect),
    swapRoles: (input: SwapInput) => swapRoles(deps, input),
    prepareStandby: ({ pool }: StepInput) => prepareStandby(deps, pool),
    fence: ({ pool, from }: StepInput & { from: string }) => fence(deps, pool, from),
    rescueSessions: ({ pool, isFenced, ...pair }: FencedInput) => rescueSessions(deps, pool, pair, isFenced),
    route: ({ pool, from, to, ...options }: StepInput & FailOverPair & RouteOptions) => route(deps, pool, { from, to }, options),
    bringBack: ({ pool, from, to }: StepInput & FailOverPair) => bringBack(deps, pool, { from, to }),
    concludeFailOver: (input: ConcludeInput) => concludeFailOver(deps, input),
    canList: (_input: object) => Promise.resolve(deps.canList),
    requirePools: (input: { pools: string[] }) => requirePools(deps, input),
    judgeRestart: (input: JudgeInput) => judgeRestart(deps, input),
    followRestart: (input: RunInput) => followRestart(deps, input),
    tellRestart: (input: TellInput) => tellRestart(deps, input),
    abandonRestart: ({ pool, failure }: StepInput & { failure?: FailureRecord }) => abandonRestart(deps, pool, failure),
  };
}
