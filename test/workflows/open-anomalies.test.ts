import { expect, test } from 'vitest';
import type { OpenAnomaly } from '../../workflows/open-anomalies.js';
import { withAnomaly, withoutAnomaly } from '../../workflows/open-anomalies.js';

const anomaly = (about: string, sinceMs: number, evidence = about): OpenAnomaly => ({ about, evidence, sinceMs });

test('one of a name is open at a time, as old as when it was told first, with the latest evidence', () => {
  const open = withAnomaly(withAnomaly([], anomaly('jmx', 1, 'refused')), anomaly('jmx', 2, 'too slow'));

  expect(open).toEqual([anomaly('jmx', 1, 'too slow')]);
  expect(withoutAnomaly(open, 'traffic')).toEqual(open);
  expect(withoutAnomaly(open, 'jmx')).toEqual([]);
});

test('names that somebody makes up do not fill the supervisor', () => {
  let open: OpenAnomaly[] = [];
  for (let number = 0; number < 1000; number++) open = withAnomaly(open, anomaly(`${number}`, number));

  expect(open.length).toBeLessThan(50);
  expect(open.at(-1)?.about).toBe('999');
});
