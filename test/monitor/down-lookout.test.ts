import { expect, test } from 'vitest';
import type { MachineConfig } from '../../config/types.js';
import type { DownEvidence } from '../../monitor/down-watch.js';
import { DownLookout } from '../../monitor/down-lookout.js';
import { Reporter } from '../../monitor/reporter.js';

test('while Temporal is out of reach a lone evidence, and its end, are tried once, and looks go on without waiting for it', async () => {
  let tries = 0;
  const away = (): Promise<void> => {
    tries++;
    return Promise.reject(new Error('Temporal is away.'));
  };
  const reporter = new Reporter(
    'shop',
    { aging: away, down: away, swapped: away, anomaly: away },
    () => undefined,
    () => Promise.resolve(),
  );
  const found: { evidence: DownEvidence[] } = { evidence: [] };
  const evidences = { look: () => Promise.resolve(found.evidence), reset: () => undefined };
  const lookout = new DownLookout(3, evidences, reporter);
  const machine = { name: 'tomcat-a' } as MachineConfig;
  const look = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count++) await lookout.look(machine, new AbortController().signal);
  };

  found.evidence = [{ kind: 'health', text: 'refused' }];
  await look(20);
  expect(tries).toBe(1);
  found.evidence = [];
  await look(20);
  expect(tries).toBe(2);
});
