// Restarts that give a real guest of QEMU a fresh disk, and take it back.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import { isTold } from '../../activities/hypervisor/incarnation.js';
import type { DiskImages } from '../fixtures/disk-images.js';
import { createDiskImages } from '../fixtures/disk-images.js';
import type { Guest } from '../fixtures/guest.js';
import { defineGuest } from '../fixtures/guest.js';
import type { GuestImage } from '../fixtures/guest-image.js';
import { buildGuestImage } from '../fixtures/guest-image.js';
import { missingForGuests, QEMU, startLibvirt, virshByHand } from '../fixtures/libvirt-host.js';

const signal = new AbortController().signal;
const missing = missingForGuests();
const BOOTING = { timeout: 180_000, interval: 200 };

let image: GuestImage;
let disks: DiskImages;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  if (missing !== null) return;
  ends.push(await startLibvirt());
  image = await buildGuestImage();
  ends.push(() => image.remove());
  disks = await createDiskImages();
  ends.push(() => disks.remove());
});

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

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
  const guest = await defineGuest(image, { disk: old, driver: { restart: 'rebuild', rebuild } });
  onTestFinished(() => guest.remove());
  const driver = createDriver({ machines: [guest.machine] });
  const settled = async (): Promise<string> => {
    let incarnation = '';
    await expect
      .poll(async () => isTold((incarnation = (await driver.status('m', { signal })).incarnation ?? '')), BOOTING)
      .toBe(true);
    return incarnation;
  };
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
    for (let round = 0; round < 3; round++) {
      const before = await settled();
      await driver.restart('m', { signal, expect: before });
      expect(await disk()).toBe('new 1');

      await driver.restart('m', { signal, expect: before });
      expect(await guest.boots()).toHaveLength(round + 2);
    }
    const own = (await disks.files()).filter((file) => file.startsWith(guest.machine.driver.domain));
    expect(own.sort()).toEqual([1, 2].map((turn) => `${guest.machine.driver.domain}.rebuilt-${turn}.qcow2`));
  });

  test('who takes over between the fresh disk and its first boot makes no other', async () => {
    const { guest, driver, disk, settled } = await running('new');
    const before = await settled();
    const source = async (): Promise<string> => virshByHand(QEMU, 'domblklist', guest.machine.driver.domain);
    const old = await source();
    const dying = async (): Promise<void> => {
      if ((await source()) !== old && (await driver.status('m', { signal })).power === 'off') throw new Error('killed');
    };

    await expect(driver.restart('m', { signal, expect: before, guard: dying })).rejects.toThrow('killed');
    const fresh = await source();
    await driver.restart('m', { signal, expect: before });

    expect(await source()).toBe(fresh);
    expect(await disk()).toBe('new 1');
    expect(await guest.boots()).toHaveLength(2);
  });

  test('a machine that does not get ready from its fresh disk gets back the one of before, as it was', async () => {
    const { guest, driver, disk, settled } = await running('broken');
    const before = await settled();
    await driver.restart('m', { signal, expect: before });
    expect(await disk()).toBeNull();

    await driver.rollBack('m', { signal, expect: before });

    expect(await disk()).toBe('old 2');
    const boots = await guest.boots();
    expect(await driver.restart('m', { signal, expect: before })).toMatchObject({ power: 'on', rolledBack: true });
    expect(await guest.boots()).toEqual(boots);
    expect(await driver.rollBack('m', { signal, expect: 'another/boot' })).toBeNull();
  });

  test.each([
    ['a disk that it does not have', { disk: 'vdz' }],
    ['an image that is not there', { image: '/nowhere/image.qcow2' }],
  ])('verify tells %s', async (_what, change) => {
    const old = await disks.overlay(await disks.image('old'));
    const rebuild = { disk: 'vda', image: old, ...change };
    const guest = await defineGuest(image, { disk: old, driver: { restart: 'rebuild', rebuild } });
    onTestFinished(() => guest.remove());

    await expect(createDriver({ machines: [guest.machine] }).verify('m', { signal })).rejects.toMatchObject({
      code: 'REBUILD_IMPOSSIBLE',
    });
  });
});
