import { expect, test } from 'vitest';
import type { Wanted } from '../../policy/may-restart.js';
import { AT_REST } from '../../workflows/supervision.js';
import { describeDeclined, describeRejected, describeResumed, takeWish } from '../../workflows/wishes.js';

const wish = (by: Wanted['by'], force = false): Wanted => ({ by, force, reason: by, isApproved: false, sinceMs: 1 });

test('a wish that weighs more takes the place of the other, which weighs as much or less is wanted already', () => {
  const order = [wish('age'), wish('aging'), wish('operator'), wish('operator', true)];

  order.forEach((wanted, at) =>
    order.forEach((next, other) => {
      const { change, answer } = takeWish({ ...AT_REST, wanted }, next);
      expect(answer?.code).toBe(other > at ? 'TAKEN_UP' : 'ALREADY_WANTED');
      expect(change.wanted).toEqual(other > at ? next : undefined);
    }),
  );
});

test('a machine that is down comes first: what was wanted, or comes meanwhile and weighs more, waits and is answered', () => {
  const down = takeWish({ ...AT_REST, wanted: wish('aging') }, wish('down'));
  expect(down).toMatchObject({ change: { wanted: wish('down'), displaced: wish('aging') }, answer: { code: 'TAKEN_UP' } });

  const during = { ...AT_REST, ...down.change };
  expect(takeWish(during, wish('operator'))).toMatchObject({
    change: { displaced: wish('operator') },
    answer: { code: 'WAITS_FOR_FAIL_OVER', isRefusal: false },
  });
  expect(takeWish(during, wish('age'))).toMatchObject({
    change: {},
    answer: { code: 'ALREADY_WANTED', text: 'A fail-over is wanted already, by down.' },
  });
});

test('a wish that is replaced before policy has spoken of it is answered, one of which it has spoken is so already', () => {
  const judgement = { verdict: 'later', code: 'COOLDOWN', text: 'Not yet.', untilMs: 5 } as const;

  expect(takeWish({ ...AT_REST, wanted: wish('aging') }, wish('operator')).replaced).toMatchObject({ code: 'REPLACED' });
  expect(takeWish({ ...AT_REST, wanted: wish('aging') }, wish('down')).replaced).toMatchObject({ code: 'WAITS_FOR_FAIL_OVER' });
  expect(takeWish({ ...AT_REST, wanted: wish('aging'), judgement }, wish('operator')).replaced).toBeNull();
  expect(takeWish({ ...AT_REST, wanted: wish('operator') }, wish('aging')).replaced).toBeNull();
});

test('nothing is taken up while something runs or it is paused, whoever wants it', () => {
  const running = { ...AT_REST, running: 'clean-restart/shop/1' };
  const paused = { ...AT_REST, paused: 'migration' };

  expect(takeWish(running, wish('down'))).toMatchObject({ change: {}, answer: { code: 'RESTART_RUNNING', isRefusal: true } });
  expect(takeWish(paused, wish('operator', true))).toMatchObject({ change: {}, answer: { code: 'PAUSED', isRefusal: true } });
  expect(takeWish(AT_REST, wish('age'))).toMatchObject({ change: { wanted: wish('age') }, answer: null });
});

test('who rejects a fail-over is told when one is wanted again, and who ends a pause what begins', () => {
  const down = { ...wish('down'), machine: 'tomcat-a' };

  expect(describeRejected({ wanted: down, displaced: wish('aging') })).toBe(
    'The fail-over that was wanted is dropped. While tomcat-a stays down, one is wanted again within half a minute, and waits for approval then. ' +
      'The restart that was wanted before, by aging, is again.',
  );
  expect(describeRejected({ wanted: wish('aging'), displaced: null })).toBe('The restart that was wanted is dropped.');
  expect(describeResumed({ wanted: down })).toBe('The fail-over that is wanted, by down, begins now if policy allows it.');
  expect(describeResumed({ wanted: null })).toContain('Nothing is wanted');
});

test('that the next fail-over waits for approval stays in sight after a rejection, until one is wanted or under way', () => {
  const declined = { ...AT_REST, isFailOverDeclined: true };

  expect(describeDeclined(declined)).toContain('wanted again within half a minute');
  expect(describeDeclined({ ...declined, wanted: wish('aging') })).not.toBeNull();
  expect(describeDeclined({ ...declined, wanted: wish('down') })).toBeNull();
  expect(describeDeclined({ ...declined, running: 'fail-over/shop/1' })).toBeNull();
  expect(describeDeclined({ ...declined, paused: 'migration' })).toBeNull();
  expect(describeDeclined(AT_REST)).toBeNull();
});
