import { expect, test } from 'vitest';
import type { DownKind } from '../../monitor/down-watch.js';
import { DownWatch } from '../../monitor/down-watch.js';

const seen = (...kinds: DownKind[]): { kind: DownKind; text: string }[] => kinds.map((kind) => ({ kind, text: `by ${kind}` }));

test('two kinds of evidence, three looks in a row, and it goes on being told', () => {
  const watch = new DownWatch(3);

  expect([1, 2, 3, 4].map(() => watch.look(seen('health', 'power')))).toEqual([
    ...[null, null],
    ...['by health; by power', 'by health; by power'],
  ]);
});

test('one kind alone is never enough, however often', () => {
  const watch = new DownWatch(3);

  for (let look = 0; look < 100; look++) expect(watch.look([...seen('health'), ...seen('health')])).toBeNull();
});

test('one healthy look begins anew, as does one with a single witness', () => {
  const watch = new DownWatch(2);
  const looks = [seen('health', 'proxies'), [], seen('health', 'proxies'), seen('health'), seen('health', 'traffic')];

  expect(looks.map((look) => watch.look(look))).toEqual([null, null, null, null, null]);
  expect(watch.look(seen('health', 'traffic'))).not.toBeNull();
});
