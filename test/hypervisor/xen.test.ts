// A guest of Xen that reboots, which libvirt shows as shut off for seconds: by recorded answers, as the moment is hard to hit.

import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import type { Exchange } from '../fixtures/recorded-virsh.js';
import { putRecordingBeforeVirsh } from '../fixtures/recorded-virsh.js';

const signal = new AbortController().signal;
const XEN = 'xen+ssh://root@host-1/system';

/** As libvirt 9 answers for Xen 4.17. */
const dominfo = (state: string, id: string, uri = XEN): Exchange => ({
  args: ['-q', '-c', uri, 'dominfo', 'd'],
  stdout: `Id:             ${id}\nName:           d\nState:          ${state}\nPersistent:     yes\n`,
});
const job = (type: string): Exchange => ({ args: ['-q', '-c', XEN, 'domjobinfo', 'd'], stdout: `Job type:         ${type}\n` });
const call = (command: string): Exchange => ({ args: ['-q', '-c', XEN, command, 'd'] });
const OFF = dominfo('shut off', '-');
const REBOOTING = [OFF, job('Unbounded')];

async function replay(recording: readonly Exchange[], uri = XEN): Promise<{ driver: HypervisorDriver; done: () => void }> {
  const virsh = await putRecordingBeforeVirsh(recording);
  onTestFinished(() => virsh.remove());
  const restart = { restart: 'reboot', rebuild: null, stopTimeoutMs: 60_000 } as const;
  const driver = { type: 'libvirt', uri, domain: 'd', incarnation: { type: 'domain' }, ...restart } as const;
  return {
    driver: createDriver({ machines: [{ name: 'm', url: 'http://127.0.0.1:1', driver }] }),
    done: () => expect(virsh.asked()).toEqual(recording.map(({ args }) => args)),
  };
}

test('it is not off, and is looked at until it is back', async () => {
  const { driver, done } = await replay([...REBOOTING, ...REBOOTING, dominfo('running', '2')]);

  expect(await driver.status('m', { signal })).toEqual({ power: 'on', incarnation: '2' });
  done();
});

test('it is not off when its job ends between two questions', async () => {
  const { driver, done } = await replay([OFF, job('None'), dominfo('running', '2')]);

  expect(await driver.status('m', { signal })).toEqual({ power: 'on', incarnation: '2' });
  done();
});

test('its stop waits for it, and then ends it', async () => {
  const off = [OFF, job('None'), OFF];
  const { driver, done } = await replay([...REBOOTING, dominfo('running', '2'), call('shutdown'), ...off, ...off]);

  await driver.stop('m', { signal });

  done();
});

test('one without a job is off', async () => {
  const { driver, done } = await replay([OFF, job('None'), OFF]);

  expect(await driver.status('m', { signal })).toEqual({ power: 'off', incarnation: null });
  done();
});

test('of another hypervisor it is not asked whether there is a job', async () => {
  const uri = 'qemu:///system';
  const { driver, done } = await replay([dominfo('shut off', '-', uri)], uri);

  expect(await driver.status('m', { signal })).toEqual({ power: 'off', incarnation: null });
  done();
});
