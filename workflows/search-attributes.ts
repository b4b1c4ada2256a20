// Names of the search attributes, as Temporal's lists and the command line have them.

import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const POOL = defineSearchAttributeKey('VmRejuvPool', SearchAttributeType.KEYWORD);
/** `running`, `done`, or the code with which it has failed. */
export const OUTCOME = defineSearchAttributeKey('VmRejuvOutcome', SearchAttributeType.KEYWORD);
export const REASON = defineSearchAttributeKey('VmRejuvReason', SearchAttributeType.KEYWORD);

export const SEARCH_ATTRIBUTES = [POOL, OUTCOME, REASON].map(({ name }) => name);
