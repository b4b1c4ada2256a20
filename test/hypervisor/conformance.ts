// What every driver must do, whatever its hypervisor: said once, and run for each kit.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HypervisorDriver, MachineStatus } from '../../activities/hypervisor/driver.js';
import { hasBooted } from '../../activities/hypervisor/incarnation.js';

export interface ConformingMachine {
  /** Of a pool with machine `m`. Each is another worker's. */
  driver: () => HypervisorDriver;
  /** How often it has booted so far, as itself tells, or its hypervisor. */
  boots: () => Promise<number>;
  /** Resolves when it has booted as far as to tell its incarnation. */
  settled: () => Promise<string>;
}

export interface Kit {
  /** On or off, for one test at a time. The stubborn one ignores what it is asked. */
  machine: (kind: 'ordinary' | 'stubborn') => Promise<ConformingMachine>;
}

/** What goes wrong between the driver and its hypervisor until `end`. */
export interface HypervisorFaults {
  /** No call gets through. */
  gone: () => Promise<void>;
  /** Every call takes long. */
  slow: () => Promise<void>;
  /** Calls that change something do so, and fail. */
  loseAnswers: () => Promise<void>;
  end: () => Promise<void>;
}

export interface FaultyKit extends Kit {
  faults: HypervisorFaults;
}

const signal = new AbortController().signal;
const OFF: MachineStatus = { power: 'off', incarnation: null };

/** Declares the tests. `missing` is what would make them run here, where they cannot. */
export function conformance(name: string, kit: Kit | FaultyKit, missing: string | null = null): void {
  describe.skipIf(missing !== null)(`the driver of ${name}${missing === null ? '' : ` (not run: ${missing})`}`, () => {
    for (const [behaviour, show] of Object.entries(behaviours)) test(behaviour, () => show(kit));
    if (!('faults' in kit)) return;
    for (const [behaviour, show] of Object.entries(behavioursUnderFaults)) test(behaviour, () => show(kit));
  });
}

async function running(
  kit: Kit,
  kind: 'ordinary' | 'stubborn' = 'ordinary',
): Promise<ConformingMachine & { incarnation: string }> {
  const machine = await kit.machine(kind);
  await machine.driver().start('m', { signal });
  return { ...machine, incarnation: await machine.settled() };
}

async function off(kit: Kit): Promise<ConformingMachine> {
  const machine = await kit.machine('ordinary');
  await machine.driver().stop('m', { signal });
  return machine;
}

export const behaviours = {
  'started however often and at once, the machine boots once and stays as it is': async (kit: Kit) => {
    const { driver, boots, settled } = await off(kit);
    const before = await boots();

    const started = await Promise.all([1, 2, 3].map(() => driver().start('m', { signal })));
    const incarnation = await settled();
    started.push(await driver().start('m', { signal }));

    expect(started.map(({ power }) => power)).toEqual(['on', 'on', 'on', 'on']);
    expect(started.at(-1)).toEqual({ power: 'on', incarnation });
    expect(await driver().status('m', { signal })).toEqual({ power: 'on', incarnation });
    expect(await boots()).toBe(before + 1);
  },

  'stopped however often and at once, the machine is off': async (kit: Kit) => {
    const { driver } = await running(kit);

    await Promise.all([1, 2].map(() => driver().stop('m', { signal })));
    await driver().stop('m', { signal });

    expect(await driver().status('m', { signal })).toEqual(OFF);
  },

  'restarted however often and at once from one incarnation, the machine boots once more': async (kit: Kit) => {
    const { driver, boots, incarnation, settled } = await running(kit);
    const before = await boots();
    const restart = (): Promise<MachineStatus> => driver().restart('m', { signal, expect: incarnation });

    const restarted = await Promise.all([restart(), restart()]);
    const after = await settled();
    restarted.push(await restart());

    expect(hasBooted(incarnation, after)).toBe(true);
    expect(restarted.at(-1)).toEqual({ power: 'on', incarnation: after });
    expect(await boots()).toBe(before + 1);
  },

  'a machine that is off is restarted by starting it': async (kit: Kit) => {
    const { driver, boots, incarnation, settled } = await running(kit);
    await driver().stop('m', { signal });
    const before = await boots();

    await driver().restart('m', { signal, expect: incarnation });

    expect(hasBooted(incarnation, await settled())).toBe(true);
    expect(await boots()).toBe(before + 1);
  },

  'an operation that is broken off and repeated ends as if it had not been': async (kit: Kit) => {
    const { driver, incarnation, settled } = await running(kit);
    /** Soon after the first effect, so perhaps too late to break anything off. */
    const breakOff = async (operation: 'restart' | 'stop'): Promise<void> => {
      const broken = new AbortController();
      const guard = (): Promise<void> => Promise.resolve(void setTimeout(() => broken.abort(new Error('broken off')), 20));
      const options = { signal: broken.signal, guard, expect: incarnation };
      await driver()
        [operation]('m', options)
        .catch(() => expect(broken.signal.aborted).toBe(true));
    };

    await breakOff('restart');
    await driver().restart('m', { signal, expect: incarnation });
    expect(hasBooted(incarnation, await settled())).toBe(true);
    await breakOff('stop');
    await driver().stop('m', { signal });

    expect(await driver().status('m', { signal })).toEqual(OFF);
  },

  'who may no longer act changes nothing, and gets to know why': async (kit: Kit) => {
    const { driver, boots, incarnation } = await running(kit);
    const before = await boots();
    const guard = (): Promise<void> => Promise.reject(new Error('overtaken'));

    await expect(driver().restart('m', { signal, guard, expect: incarnation })).rejects.toThrow('overtaken');
    await expect(driver().stop('m', { signal, guard })).rejects.toThrow('overtaken');

    expect(await driver().status('m', { signal })).toEqual({ power: 'on', incarnation });
    expect(await boots()).toBe(before);
  },

  'a machine that ignores what it is asked is restarted and stopped by force': async (kit: Kit) => {
    const { driver, incarnation } = await running(kit, 'stubborn');

    const { incarnation: after } = await driver().restart('m', { signal, expect: incarnation });
    expect(hasBooted(incarnation, after ?? '')).toBe(true);
    await driver().stop('m', { signal });

    expect(await driver().status('m', { signal })).toEqual(OFF);
  },

  'a machine that nobody has configured is MACHINE_UNKNOWN': async (kit: Kit) => {
    const { driver } = await kit.machine('ordinary');

    for (const operation of ['status', 'start', 'stop', 'restart', 'verify'] as const)
      await expect(driver()[operation]('n', { signal, expect: '' })).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
  },
};

const behavioursUnderFaults = {
  'a hypervisor that is gone says nothing about power, and is waited for': async (kit: FaultyKit) => {
    const { driver, boots, incarnation } = await running(kit);
    const before = await boots();
    await kit.faults.gone();
    await expect(driver().status('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_UNREACHABLE', retryable: true });
    await expect(driver().verify('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_UNREACHABLE' });

    const started = driver().start('m', { signal });
    await sleep(1000);
    await kit.faults.end();

    expect(await started).toEqual({ power: 'on', incarnation });
    expect(await boots()).toBe(before);
  },

  'a hypervisor that is slow does everything all the same': async (kit: FaultyKit) => {
    const { driver, boots, incarnation, settled } = await running(kit);
    const before = await boots();
    await kit.faults.slow();

    await driver().restart('m', { signal, expect: incarnation });
    expect(hasBooted(incarnation, await settled())).toBe(true);
    expect(await boots()).toBe(before + 1);
    await driver().stop('m', { signal });

    expect(await driver().status('m', { signal })).toEqual(OFF);
  },

  'of a restart whose answer is lost there is one, also when it is asked for again': async (kit: FaultyKit) => {
    const { driver, boots, incarnation, settled } = await running(kit);
    const before = await boots();
    await kit.faults.loseAnswers();

    await driver().restart('m', { signal, expect: incarnation });
    const after = await settled();
    expect(hasBooted(incarnation, after)).toBe(true);
    expect(await driver().restart('m', { signal, expect: incarnation })).toEqual({ power: 'on', incarnation: after });

    expect(await boots()).toBe(before + 1);
  },

  'a start and a stop whose answer is lost are done': async (kit: FaultyKit) => {
    const { driver, boots, settled } = await off(kit);
    const before = await boots();
    await kit.faults.loseAnswers();

    await driver().start('m', { signal });
    await settled();
    expect(await boots()).toBe(before + 1);
    await driver().stop('m', { signal });

    expect(await driver().status('m', { signal })).toEqual(OFF);
  },
};
