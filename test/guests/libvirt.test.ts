// What the libvirt driver makes of guests of QEMU besides what the suite for all drivers asks: how they are restarted, and what verify tells.

import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { nodeShop } from '../../demo/node-shop.js';
import { createTestInstallation } from '../fixtures/installation.js';
import type { Change } from '../fixtures/guests-under-libvirt.js';
import { BOOTING, driverOf, settled, useGuests } from '../fixtures/guests-under-libvirt.js';
import { missingForGuests, QEMU, virshByHand } from '../fixtures/libvirt-host.js';
import { startSshServer } from '../fixtures/ssh-server.js';
import { jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

const signal = new AbortController().signal;
const missing = missingForGuests();
const guests = useGuests(missing);

describe.skipIf(missing !== null)(`libvirt${missing === null ? '' : ` (not run: ${missing})`}`, () => {
  test('a guest that hears is rebooted, and one that does not is reset, without another domain id', async () => {
    const stubborn = await guests.define({ stubborn: true, driver: { stopTimeoutMs: 30_000 } });
    await driverOf(stubborn).start('m', { signal });
    const before = await settled(stubborn);
    await guests.asked();

    const { incarnation } = await driverOf(stubborn).restart('m', { signal, expect: before });

    expect((await guests.asked()).filter((command) => command !== 'dominfo')).toEqual(['reboot', 'reset']);
    expect(incarnation?.split('/')[0]).toBe(before.split('/')[0]);
    expect(incarnation).not.toBe(before);
  });

  test('a guest that does not tell its boot id is switched off and on, once', async () => {
    const silent = await guests.define({ silent: true, driver: { stopTimeoutMs: 3000 } });
    await driverOf(silent).start('m', { signal });
    await expect.poll(silent.boots, BOOTING).toHaveLength(1);
    const { incarnation: before } = await driverOf(silent).status('m', { signal });
    expect(before).toMatch(/^\d+\/\?$/);
    await expect(driverOf(silent).verify('m', { signal })).rejects.toMatchObject({ code: 'BOOT_ID_UNKNOWN', retryable: false });

    const restart = (): Promise<unknown> => driverOf(silent).restart('m', { signal, expect: before ?? '' });
    const after = await restart();

    expect(after).not.toMatchObject({ incarnation: before });
    expect(await restart()).toEqual(after);
    await expect.poll(silent.boots, BOOTING).toHaveLength(2);
  });

  test('the guest agent tells the boot id that the guest itself tells', async () => {
    const agent: Change = (driver) => ({ ...driver, incarnation: { type: 'guest-agent' } });
    const one = await guests.shared();
    await driverOf(one, agent).start('m', { signal });

    const incarnation = await settled(one, agent);

    expect(incarnation.split('/')[1]).toBe((await one.boots()).at(-1));
    await driverOf(one, agent).verify('m', { signal });
    const restarted = await driverOf(one, agent).restart('m', { signal, expect: incarnation });
    expect(restarted.incarnation?.split('/')[1]).toBe((await one.boots()).at(-1));
  });

  test('where only the domain id tells, a restart switches the guest off and on', async () => {
    const byDomain: Change = (driver) => ({ ...driver, incarnation: { type: 'domain' } });
    const one = await guests.shared();
    await driverOf(one, byDomain).start('m', { signal });
    await settled(one);
    const { incarnation } = await driverOf(one, byDomain).status('m', { signal });
    expect(incarnation).toMatch(/^\d+$/);
    const boots = (await one.boots()).length;

    const after = await driverOf(one, byDomain).restart('m', { signal, expect: incarnation ?? '' });

    expect(after.incarnation).toMatch(/^\d+$/);
    expect(after.incarnation).not.toBe(incarnation);
    await expect.poll(one.boots, BOOTING).toHaveLength(boots + 1);
  });

  test('a call that is never answered is given up, and what it was to do is looked at', async () => {
    const one = await guests.shared();
    await guests.set('mute dominfo');

    await expect(driverOf(one).status('m', { signal })).rejects.toMatchObject({
      code: 'HYPERVISOR_UNREACHABLE',
      message: expect.stringContaining('no answer within 15 s') as string,
    });
    await expect(driverOf(one).stop('m', { signal: AbortSignal.timeout(300) })).rejects.toThrow('aborted');
  });

  test.each<[string, Change, string]>([
    ['a domain that is not there', (driver) => ({ ...driver, domain: 'nowhere' }), 'DOMAIN_UNKNOWN'],
    ['a path that is none', (driver) => ({ ...driver, uri: 'qemu:///nowhere' }), 'HYPERVISOR_URI_WRONG'],
    ['a hypervisor that libvirt has not', (driver) => ({ ...driver, uri: 'quatsch:///system' }), 'HYPERVISOR_URI_WRONG'],
    ['a host without libvirt', (driver) => ({ ...driver, uri: 'qemu+tcp://127.0.0.1:1/system' }), 'HYPERVISOR_UNREACHABLE'],
    ['a host without ssh', (driver) => ({ ...driver, uri: 'qemu+ssh://127.0.0.1:1/system' }), 'HYPERVISOR_UNREACHABLE'],
    ['a host without a certificate', (driver) => ({ ...driver, uri: 'qemu+tls://127.0.0.1/system' }), 'HYPERVISOR_UNTRUSTED'],
  ])('verify tells: %s', async (_what, change, code) => {
    await expect(driverOf(await guests.shared(), change).verify('m', { signal })).rejects.toMatchObject({ code });
  });

  test('a domain is the same machine by its name and by its UUID', async () => {
    const one = await guests.shared();
    const uuid = (await virshByHand(QEMU, 'domuuid', one.machine.driver.domain)).trim();
    await driverOf(one).start('m', { signal });

    const identity = await driverOf(one).identity('m', { signal });

    expect(identity).toContain(uuid);
    expect(await driverOf(one, (driver) => ({ ...driver, domain: uuid })).identity('m', { signal })).toBe(identity);
  });

  test('a guest whose memory was saved is left as it is, and that is told', async () => {
    const one = await guests.define();
    await driverOf(one).start('m', { signal });
    await settled(one);
    const saved = async (): Promise<string> => virshByHand(QEMU, 'dominfo', one.machine.driver.domain);
    await virshByHand(QEMU, 'managedsave', one.machine.driver.domain);
    onTestFinished(async () => void (await virshByHand(QEMU, 'managedsave-remove', one.machine.driver.domain)));
    expect(await saved()).toMatch(/Managed save: +yes/);

    for (const operation of ['start', 'stop', 'restart', 'verify'] as const)
      await expect(driverOf(one)[operation]('m', { signal, expect: '' })).rejects.toMatchObject({ code: 'MACHINE_SUSPENDED' });

    expect(await saved()).toMatch(/Managed save: +yes/);
  });

  test('the memory of a guest is told while it runs', async () => {
    const one = await guests.shared();
    await driverOf(one).start('m', { signal });
    expect(await driverOf(one).memoryBytes('m', { signal })).toBeGreaterThan(20 * 2 ** 20);
    // Before, it does not hear that it is to end.
    await settled(one);
    await driverOf(one).stop('m', { signal });
    expect(await driverOf(one).memoryBytes('m', { signal })).toBeNull();
  });

  test('verify tells that we have no rights', async () => {
    const one = await guests.shared();
    await guests.set('nobody');

    await expect(driverOf(one).verify('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_REFUSED' });
  });

  test('a hypervisor on another host is reached by ssh, as long as it is the one that is known and lets us in', async () => {
    const one = await guests.shared();
    const { incarnation, command, forgeHostKey, lockOut } = await startSshServer();
    const uri = `qemu+ssh://${incarnation.user}@127.0.0.1:${incarnation.port}/system?command=${command}`;
    const remote = driverOf(one, (driver) => ({ ...driver, uri, incarnation: { type: 'domain' } }));

    await remote.verify('m', { signal });
    expect(await remote.start('m', { signal })).toMatchObject({ power: 'on' });
    await lockOut();
    await expect(remote.verify('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_REFUSED' });
    await forgeHostKey();
    await expect(remote.verify('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_UNTRUSTED' });
  });

  test('a boot id may be asked for by ssh', async () => {
    const one = await guests.shared();
    const { incarnation, forgeHostKey } = await startSshServer();
    const bySsh: Change = (driver) => ({ ...driver, incarnation });
    await driverOf(one).start('m', { signal });

    // The server is this host's, and so is the boot id.
    const { incarnation: told } = await driverOf(one, bySsh).status('m', { signal });
    expect(told?.split('/')[1]).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    await forgeHostKey();
    await expect(driverOf(one, bySsh).verify('m', { signal })).rejects.toMatchObject({
      code: 'BOOT_ID_UNKNOWN',
      message: expect.stringContaining('Host key verification failed') as string,
    });
  });

  test('verify tells that there is no virsh', async () => {
    const one = await guests.shared();
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    onTestFinished(() => void (process.env['PATH'] = path));

    await expect(driverOf(one).verify('m', { signal })).rejects.toMatchObject({ code: 'VIRSH_MISSING' });
  });

  test('check tells it before anything happens, beside a machine of another type', async () => {
    const { installation } = await createTestInstallation(nodeShop);
    const file = parse(await readFile(installation.configFile, 'utf8')) as {
      pools: Record<string, { machines: [{ driver: unknown }, unknown] }>;
    };
    for (const { machines } of Object.values(file.pools)) machines[0].driver = { type: 'libvirt', uri: QEMU, domain: 'nowhere' };
    await writeFile(installation.configFile, stringify(file));

    const checked = jsonLines(await vmRejuv(installation, ['check', '--json']));

    expect(checked.find(({ check }) => String(check).endsWith('machines are known to their hypervisor'))).toMatchObject({
      ...{ ok: false, code: 'DOMAIN_UNKNOWN', message: expect.stringContaining('nowhere of machine node-a') as string },
    });
  });

  test('verify tells a domain that libvirt would forget', async () => {
    const one = await guests.define();
    await driverOf(one).start('m', { signal });
    await virshByHand(QEMU, 'undefine', one.machine.driver.domain);
    onTestFinished(async () => void (await virshByHand(QEMU, 'define', one.definition)));

    await expect(driverOf(one).verify('m', { signal })).rejects.toMatchObject({ code: 'MACHINE_NOT_STARTABLE' });
  });

  test('a domain that libvirt refuses to start is MACHINE_NOT_STARTED, in its own words', async () => {
    const one = await guests.define({ kernel: '/nowhere/vmlinuz' });

    await expect(driverOf(one).start('m', { signal })).rejects.toMatchObject({
      code: 'MACHINE_NOT_STARTED',
      message: expect.stringContaining('/nowhere/vmlinuz') as string,
    });
    expect(await driverOf(one).status('m', { signal })).toEqual({ power: 'off', incarnation: null });
  });
});
