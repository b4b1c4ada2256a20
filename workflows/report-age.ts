// What a Temporal Schedule starts: reminds the supervisor of a pool that age counts, too. Whether it is old enough policy knows.

import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { loggingFailure } from './failure-log.js';
import { parseInput } from './input.js';
import { agingDetectedSignal } from './supervisor-messages.js';
import { supervisorOf } from './workflow-ids.js';

export function reportAge(input: unknown): Promise<void> {
  return loggingFailure(async () => {
    const { pool } = parseInput(input);
    await getExternalWorkflowHandle(supervisorOf(pool)).signal(agingDetectedSignal, { by: 'age', evidence: 'limit of age' });
  });
}
