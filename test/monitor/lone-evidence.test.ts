import { expect, test } from 'vitest';
import { ASIDE_EVERY } from '../../monitor/down-evidence.js';
import type { DownKind } from '../../monitor/down-watch.js';
import { DownWatch } from '../../monitor/down-watch.js';
import { LoneEvidence } from '../../monitor/lone-evidence.js';

const seen = (...kinds: DownKind[]): { kind: DownKind; text: string }[] => kinds.map((kind) => ({ kind, text: `by ${kind}` }));

test('one kind of evidence that stays is told after three looks, with what a fail-over would need, until it is over for three', () => {
  const lone = new LoneEvidence(3);

  expect([1, 2].map(() => lone.look(seen('health')))).toEqual([undefined, undefined]);
  expect(lone.look(seen('health'))).toMatch(/^by health; a fail-over needs a second kind of evidence/);
  expect([[], [], []].map((look) => lone.look(look))).toEqual([undefined, undefined, null]);
});

test('what comes and goes is not told, nor what is enough for a fail-over', () => {
  const lone = new LoneEvidence(3);

  for (let look = 0; look < 20; look++) expect(lone.look(look % 3 === 2 ? [] : seen('health'))).toBeUndefined();
  for (let look = 0; look < 20; look++) expect(lone.look(seen('health', 'power'))).toBeNull();
});

test('what others say of a machine that answers the worker speaks for no fail-over, and is told once they have said it thrice', () => {
  const [lone, watch] = [new LoneEvidence(3), new DownWatch(3)];
  const looks = Array.from({ length: 3 * ASIDE_EVERY }, () => seen('proxies', 'traffic'));

  expect(looks.map((look) => watch.look(look)).filter((told) => told !== null)).toEqual([]);
  const told = looks.map((look) => lone.look(look));
  expect(told.slice(0, -1).every((one) => one === undefined)).toBe(true);
  expect(told.at(-1)).toMatch(/^by proxies; by traffic; the worker gets healthy answers/);
});
