import { expect, test } from 'vitest';
import { inPool, OperatorError } from '../../config/operator-error.js';

test('a remedy by who knows no pool has the name of the pool that is meant, and the error is the same otherwise', () => {
  const error = new OperatorError('MACHINE_NOT_READY', 'It is not ready.', 'Compare pools.*.health and pools.*.machines.', {
    ...{ status: 502, retryable: true },
  });

  expect(inPool(error, 'shop')).toMatchObject({
    ...{ code: 'MACHINE_NOT_READY', message: 'It is not ready.', status: 502, retryable: true, cause: error },
    remedy: 'Compare pools.shop.health and pools.shop.machines.',
  });
});

test('what names no pool is given back as it is', () => {
  const named = new OperatorError('NO_PROXY', 'None.', 'Start one.');
  const other = new Error('pools.*.');

  expect(inPool(named, 'shop')).toBe(named);
  expect(inPool(other, 'shop')).toBe(other);
});
