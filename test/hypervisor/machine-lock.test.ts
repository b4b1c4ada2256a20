// The lock by itself, between processes that hurry and processes that die.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ended, runModule } from '../fixtures/machine.js';

const ROUNDS = 40;
/** Goes in and out, as often as it is told; notes both. Without a lock's name it does so unasked. */
const VISITOR = `
  import { appendFileSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { withMachineLock } from 'dist/activities/hypervisor/machine-lock.js';
  const [, log, lock, rounds] = process.argv;
  const visit = async () => {
    appendFileSync(log, process.pid + ' in\\n');
    if (rounds === '0') { console.log('inside'); await sleep(60000); }
    await sleep(1);
    appendFileSync(log, process.pid + ' out\\n');
  };
  const options = { timeoutMs: 60000, signal: AbortSignal.timeout(60000), busy: () => new Error('busy') };
  for (let i = 0; i < Math.max(1, Number(rounds)); i++) await (lock === '' ? visit() : withMachineLock(lock, options, visit));`;

interface Visits {
  visits: number;
  /** How often somebody came in while another, alive, was inside. */
  collisions: number;
}

/** Three visitors at once, while one is inside, who dies there or stays. */
async function letThemVisit(lock: string, fate: 'dies' | 'stays'): Promise<Visits> {
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-lock-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const log = join(directory, 'log');
  const first = runModule(VISITOR, log, lock, '0');
  await once(first.stdout ?? first, 'data');
  const visitors = [1, 2, 3].map(() => runModule(VISITOR, log, lock, String(ROUNDS)));
  if (fate === 'dies') first.kill('SIGKILL');
  await Promise.all(visitors.map(ended));
  return count(readFileSync(log, 'utf8'), fate === 'dies' ? first.pid : undefined);
}

function count(log: string, dead: number | undefined): Visits {
  const inside = new Set<string>();
  let [visits, collisions] = [0, 0];
  for (const [, pid = '', what] of log.matchAll(/^(\d+) (in|out)$/gm)) {
    if (Number(pid) === dead) continue;
    if (what === 'out') {
      inside.delete(pid);
      visits++;
    } else {
      if (inside.size > 0) collisions++;
      inside.add(pid);
    }
  }
  return { visits, collisions };
}

test('one is inside at a time, and one that dies inside keeps nobody out', async () => {
  expect(await letThemVisit(randomUUID(), 'dies')).toEqual({ visits: 3 * ROUNDS, collisions: 0 });
});

test('without the lock they collide, and the check sees it', async () => {
  const { visits, collisions } = await letThemVisit('', 'stays');

  expect(visits).toBe(3 * ROUNDS);
  expect(collisions).toBeGreaterThan(0);
});
