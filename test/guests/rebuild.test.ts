// Restarts that give a real guest of QEMU a fresh disk, and take it back.

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import type { DiskImages } from '../fixtures/disk-images.js';
import { createDiskImages } from '../fixtures/disk-images.js';
import type { Guest } from '../fixtures/guest.js';
import { driverOf, settled as untilSettled, useGuests } from '../fixtures/guests-under-libvirt.js';
import { missingForGuests } from '../fixtures/libvirt-host.js';

const signal = new AbortController().signal;
const missing = missingForGuests();
const guests = useGuests(missing);

let disks: DiskImages;

beforeAll(async () => {
  if (missing === null) disks = await createDiskImages();
});

afterAll(() => missing ?? disks.remove());

interface RebuiltGuest {
  guest: Guest;
  driver: HypervisorDriver;
  /** What its disk says, and how often it has been booted from; null when it serves nothing of it. */
  disk: () => Promise<string | null>;
  /** The incarnation, once its boot id is told. */
  settled: () => Promise<string>;
}

/** One that has booted once from a disk with the word "old", and is to get one with this word. */
async function running(word: string): Promise<RebuiltGuest> {
  const old = await disks.overlay(await disks.image('old'));
  const rebuild = { disk: 'vda', image: await disks.image(word) };
  const guest = await guests.define({ disk: old, driver: { restart: 'rebuild', rebuild } });
  const driver = driverOf(guest);
  const settled = (): Promise<string> => untilSettled(guest);
  const disk = async (): Promise<string | null> => {
    await settled();
    const response = await fetch(`${guest.machine.url}/disk`);
    return response.ok ? (await response.text()).trim() : null;
  };
  await driver.start('m', { signal });
  expect(await disk()).toBe('old 1');
  return { guest, driver, disk, settled };
}

describe.skipIf(missing !== null)(`rebuild${missing === null ? '' : ` (not run: ${missing})`}`, () => {
  test('each restart gives the machine a disk that nobody has written to, once', async () => {
    const { guest, driver, disk, settled } = await running('new');
    const sources = new Set([await guest.disk()]);
    for (const restart of ['first', 'second']) {
      const options = { signal, restart, expect: await settled() };
      await driver.restart('m', options);
      expect(await disk()).toBe('new 1');
      await driver.keep('m', { signal });

      const boots = await guest.boots();
      await driver.restart('m', options);
      expect(await driver.rollBack('m', options)).toBeNull();
      expect(await guest.boots()).toEqual(boots);
      sources.add(await guest.disk());
    }
    expect(sources.size).toBe(3);
    for (const source of sources) expect(existsSync(source)).toBe(true);
  });

  test.each([
    ['before the fresh disk is made', 1, 0],
    ['before the machine has it', 3, 1],
    ['before its first boot from it', 4, 1],
  ])('who takes over %s ends with one boot from one fresh disk', async (_moment, survived, made) => {
    const { guest, driver, disk, settled } = await running('new');
    const options = { signal, restart: 'run', expect: await settled() };
    const before = (await disks.files()).length;
    let calls = 0;
    const guard = (): Promise<void> => (++calls < survived ? Promise.resolve() : Promise.reject(new Error('killed')));

    await expect(driver.restart('m', { ...options, guard })).rejects.toThrow('killed');
    expect((await disks.files()).length - before).toBe(made);
    await driver.restart('m', options);

    expect(await disk()).toBe('new 1');
    expect(await guest.boots()).toHaveLength(2);
  });

  test('a machine that does not get ready from its fresh disk gets back the last one that it got ready from', async () => {
    const { guest, driver, disk, settled } = await running('broken');
    const old = await guest.disk();
    // The first restart ends without going back, as when nobody could reach the hypervisor any more.
    await driver.restart('m', { signal, restart: 'first', expect: await settled() });
    const options = { signal, restart: 'second', expect: await settled() };
    await driver.restart('m', options);
    expect(await disk()).toBeNull();

    await driver.rollBack('m', options);

    expect(await guest.disk()).toBe(old);
    expect(await disk()).toBe('old 2');
    const boots = await guest.boots();
    expect(await driver.restart('m', options)).toMatchObject({ power: 'on', rolledBack: true });
    expect(await driver.rollBack('m', options)).toMatchObject({ power: 'on' });
    expect(await guest.boots()).toEqual(boots);
    expect(await driver.rollBack('m', { ...options, restart: 'another' })).toBeNull();
  });

  test('a fresh disk that the machine got ready from later is the one to go back to', async () => {
    const { guest, driver, disk, settled } = await running('new');
    // Nobody says that it is kept, as when nobody could reach the hypervisor any more.
    await driver.restart('m', { signal, restart: 'first', expect: await settled() });
    expect(await disk()).toBe('new 1');
    const served = await guest.disk();
    // Its turn as the standby.
    await driver.keep('m', { signal });

    const options = { signal, restart: 'second', expect: await settled() };
    await driver.restart('m', options);
    await driver.rollBack('m', options);

    expect(await guest.disk()).toBe(served);
  });

  test('a call that is broken off is no refusal', async () => {
    const { driver } = await running('new');
    const verifying = driver.verify('m', { signal: AbortSignal.timeout(30) });

    await expect(verifying).rejects.toThrow('aborted');
  });

  test.each([
    ['a disk that it does not have', { disk: 'vdz' }],
    ['an image that is not there', { image: '/nowhere/image.qcow2' }],
    ['an image that is its own disk', {}],
  ])('verify tells %s', async (_what, change) => {
    const old = await disks.overlay(await disks.image('old'));
    const rebuild = { disk: 'vda', image: old, ...change };
    const guest = await guests.define({ disk: old, driver: { restart: 'rebuild', rebuild } });

    await expect(driverOf(guest).verify('m', { signal })).rejects.toMatchObject({
      code: 'REBUILD_IMPOSSIBLE',
    });
  });
});
