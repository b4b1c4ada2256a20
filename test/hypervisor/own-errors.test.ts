import { expect, test } from 'vitest';
import type { HypervisorDriver, OperationOptions } from '../../activities/hypervisor/driver.js';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { withOwnErrors } from '../../activities/hypervisor/own-errors.js';
import { toFailure } from '../../activities/errors.js';
import { createMachine, SERVER, SIGNAL } from '../fixtures/machine.js';
import { OperatorError } from '../../config/operator-error.js';

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** What comes out of a start that does this. */
async function failureOf(
  start: (options: OperationOptions) => Promise<never>,
  options: OperationOptions = { signal: new AbortController().signal },
): Promise<unknown> {
  const starting: Partial<HypervisorDriver> = { start: (_machine, own) => start(own) };
  return withOwnErrors(starting as HypervisorDriver)
    .start('m', options)
    .catch((error: unknown) => error);
}

test('a connection to the hypervisor that breaks is not one to the database', async () => {
  const failure = toFailure(await failureOf(() => Promise.reject(reset())));

  expect(failure).toMatchObject({ type: 'HYPERVISOR_FAILED', nonRetryable: false });
  expect(failure).toMatchObject({ message: expect.stringContaining('machine m has failed at start (ECONNRESET)') as string });
});

test('whoever makes a driver by its configuration gets such errors', async () => {
  const { machine } = await createMachine(SERVER);
  const broken = { ...machine, driver: { ...machine.driver, stateDirectory: '/dev/null/below' } };

  await expect(createDriver({ machines: [broken] }).stop('m', { signal: SIGNAL })).rejects.toMatchObject({
    code: 'HYPERVISOR_FAILED',
  });
});

test('what has a code of its own keeps it', async () => {
  const busy = new OperatorError('MACHINE_BUSY', 'Busy.', 'Wait.');

  expect(await failureOf(() => Promise.reject(busy))).toBe(busy);
});

test("a guard's failure is not the hypervisor's: it asks the database", async () => {
  const failure = reset();
  const guard = (): Promise<void> => Promise.reject(failure);
  const { signal } = new AbortController();

  expect(
    await failureOf(
      async (own) => {
        await own.guard?.();
        throw new Error('not reached');
      },
      { signal, guard },
    ),
  ).toBe(failure);
});

test('an abort stays one', async () => {
  const controller = new AbortController();
  const waits = ({ signal }: OperationOptions): Promise<never> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  const failure = failureOf(waits, { signal: controller.signal });

  controller.abort();

  expect(await failure).toBe(controller.signal.reason);
});
