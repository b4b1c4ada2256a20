// Search attributes, by which lists of workflows find a pool's, those that have failed, and why they were begun.

import { ContinueAsNew, patched, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { SearchAttributePair } from '@temporalio/common';
import type { Activities } from '../activities/index.js';
import { OUTCOME, POOL, REASON } from './search-attributes.js';
import { codeOf } from './failure-cause.js';
import { brief } from './retry-policies.js';
import { SUMMARIES } from './steps.js';

/** PostgreSQL's visibility store takes 255. */
const MAX_CHARS = 200;

const { canList } = proxyActivities<Activities>(brief);

/**
 * Does the work, listed by what started it and how it has ended, where Temporal knows the attributes: an unknown one would hold the
 * workflow up. The work begins at once, for its handlers must be there.
 */
export async function listed<T>(input: unknown, work: () => Promise<T>): Promise<T> {
  if (!patched('search-attributes')) return work();
  const { pool, reason } = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const isListed = canList.executeWithOptions({ summary: SUMMARIES.canList }, [{}]).then(
    (can) => {
      if (can) upsertSearchAttributes([...valueOf(POOL, pool), ...valueOf(REASON, reason), { key: OUTCOME, value: 'running' }]);
      return can;
    },
    () => false,
  );
  const end = async (outcome: string): Promise<void> => {
    if (await isListed) upsertSearchAttributes([{ key: OUTCOME, value: outcome }]);
  };
  try {
    const result = await work();
    await end('done');
    return result;
  } catch (error) {
    // It goes on under the same id.
    if (error instanceof ContinueAsNew) throw error;
    await end(codeOf(error) ?? 'RESTART_FAILED');
    throw error;
  }
}

function valueOf(key: typeof POOL, value: unknown): SearchAttributePair[] {
  return typeof value === 'string' && value !== '' ? [{ key, value: value.slice(0, MAX_CHARS) }] : [];
}
