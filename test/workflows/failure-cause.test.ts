import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { codeOf } from '../../workflows/failure-cause.js';
import { recordOf } from '../../workflows/failure-record.js';

/** What a workflow sees of a step that failed so. */
function failedBy(cause: Error): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'awaitDrain', '1', 'MAXIMUM_ATTEMPTS_REACHED', undefined, cause);
}

test.each([
  ['an error of ours', ApplicationFailure.nonRetryable('It did not drain.', 'DRAIN_LIMIT'), 'DRAIN_LIMIT'],
  ['a mistake', ApplicationFailure.nonRetryable('x is not a function', 'TypeError'), null],
  ['a worker that died', new TimeoutFailure('Activity task timed out', undefined, 'HEARTBEAT'), null],
])('a failure has the code that it was given, and no name of a class for one: %s', (_name, cause, code) => {
  expect(codeOf(failedBy(cause))).toBe(code);
  expect(recordOf(failedBy(cause), null).code).toBe(code ?? 'RESTART_FAILED');
});
