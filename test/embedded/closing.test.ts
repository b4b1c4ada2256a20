import { expect, test } from 'vitest';
import { Closing } from '../../embedded/closing.js';

test('everything is closed, last first, whatever fails, and the failures are told', async () => {
  const closed: string[] = [];
  const closing = new Closing();
  closing.add(() => Promise.resolve(closed.push('first')));
  closing.add(() => {
    throw new Error('second broke.');
  });
  closing.add(() => Promise.reject(new Error('third broke.')));
  closing.add(() => Promise.resolve(closed.push('last')));
  await expect(closing.close()).rejects.toThrow('third broke. second broke.');
  expect(closed).toEqual(['last', 'first']);
  await closing.close();
});

test('what was started before a failure is closed, and the failure itself is thrown', async () => {
  const closed: string[] = [];
  const failing = Closing.onFailure((closing) => {
    closing.add(() => Promise.resolve(closed.push('first')));
    closing.add(() => Promise.reject(new Error('broke while closing')));
    return Promise.reject(new Error('cannot start'));
  });
  await expect(failing).rejects.toThrow('cannot start');
  expect(closed).toEqual(['first']);
});
