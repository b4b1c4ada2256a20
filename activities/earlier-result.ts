// What an earlier attempt of a run's last step has written, when only its answer was lost.

import { readResult } from '../state/pool.js';
import { currentRun } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { toFailure } from './errors.js';

/** The result of the run that an activity acts for, or null. */
export async function earlierResult<T>({ database }: ActivityDeps): Promise<T | null> {
  try {
    return (await readResult(database, currentRun())) as T | null;
  } catch (error) {
    throw toFailure(error);
  }
}
