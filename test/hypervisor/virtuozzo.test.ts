// Virtuozzo by libvirt's driver for it, of which no host can be had: what virsh is asked, and what becomes of the answers that the sources of
// libvirt 3.1 and later let it give. Nothing here shows that a host of Virtuozzo does what it is asked.

import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import type { LibvirtDriverConfig } from '../../config/types.js';
import { startBootIdServer } from '../fixtures/boot-id-server.js';
import type { Exchange, RecordedVirsh } from '../fixtures/recorded-virsh.js';
import { putRecordingBeforeVirsh } from '../fixtures/recorded-virsh.js';

const signal = new AbortController().signal;
const URI = 'vz+ssh://vm-rejuv@host-1/system';
const DOMAIN = 'tomcat-a';
/** The id is that of the environment: the same after each boot. */
const ENVIRONMENT = '1042';

/** One call of virsh; `said` is what virsh says when it fails. */
const call = (command: string, ...said: string[]): Exchange => ({
  args: ['-q', '-c', URI, command, DOMAIN],
  stderr: said.map((line) => `error: ${line}\n`).join(''),
});
const dominfo = (state: string, id = ENVIRONMENT): Exchange => ({
  ...call('dominfo'),
  stdout: `Id:             ${id}
Name:           ${DOMAIN}
UUID:           6f2bb0c4-3a0d-4d6f-9b93-1f6d6a0d8a11
OS Type:        hvm
State:          ${state}
CPU(s):         2
CPU time:       81.4s
Max memory:     2097152 KiB
Used memory:    2097152 KiB
Persistent:     yes
Autostart:      disable
Managed save:   no
`,
});
const OFF = dominfo('shut off', '-');
const ON = dominfo('running');
const ENDING = dominfo('in shutdown');
/** Said of a machine that runs and is to be started, or is off and is to end, and of whatever else is not possible now. */
const INVALID = "Requested operation is not valid: Can't change domain state.";
const FAILED = "operation failed: Can't change domain state.";
/** libvirtd keeps the machine locked while Virtuozzo does what was asked before. */
const LOCKED = 'Timed out during operation: cannot acquire state change lock';

interface Replay {
  driver: HypervisorDriver;
  virsh: RecordedVirsh;
  /** What the machine shows now. */
  incarnation: () => Promise<string>;
  /** Its boot id is another one once virsh was asked for this. */
  bootsAt: (command: string) => void;
}

async function replay(recording: readonly Exchange[], change: Partial<LibvirtDriverConfig> = {}): Promise<Replay> {
  const virsh = await putRecordingBeforeVirsh(recording);
  onTestFinished(() => virsh.remove());
  const guest = await startBootIdServer();
  const incarnation = { type: 'http', url: guest.url } as const;
  const driver: LibvirtDriverConfig = {
    type: 'libvirt',
    uri: URI,
    domain: DOMAIN,
    incarnation,
    ...{ restart: 'reboot', rebuild: null },
    stopTimeoutMs: 60_000,
    ...change,
  };
  return {
    driver: createDriver({ machines: [{ name: 'm', url: 'http://127.0.0.1:1', driver }] }),
    virsh,
    incarnation: async () => `${ENVIRONMENT}/${await (await fetch(guest.url)).text()}`,
    bootsAt: (command) => guest.bootWhen(() => virsh.asked().some(({ 3: asked }) => asked === command)),
  };
}

/** Every call of the recording, in its order, and no other. */
function expectAsked(virsh: RecordedVirsh, recording: readonly Exchange[]): void {
  expect(virsh.unexpected()).toEqual([]);
  expect(virsh.asked()).toEqual(recording.map(({ args }) => args));
}

test('the status is asked for by dominfo alone, with the arguments that virsh knows', async () => {
  const { driver, virsh, incarnation } = await replay([ON, OFF]);

  expect(await driver.status('m', { signal })).toEqual({ power: 'on', incarnation: await incarnation() });
  expect(await driver.status('m', { signal })).toEqual({ power: 'off', incarnation: null });

  expect(virsh.asked()).toEqual([
    ['-q', '-c', 'vz+ssh://vm-rejuv@host-1/system', 'dominfo', 'tomcat-a'],
    ['-q', '-c', 'vz+ssh://vm-rejuv@host-1/system', 'dominfo', 'tomcat-a'],
  ]);
  expect(virsh.unexpected()).toEqual([]);
});

test.each<[string, readonly Exchange[]]>([
  ['that is off', [OFF, call('start'), ON]],
  ['that runs', [ON]],
  ['that somebody else has just started', [OFF, call('start', "Failed to start domain 'tomcat-a'", INVALID), ON]],
  ['that is locked', [OFF, call('start', "Failed to start domain 'tomcat-a'", LOCKED), OFF, call('start'), ON]],
])('a machine %s is started', async (_which, recording) => {
  const { driver, virsh, incarnation } = await replay(recording);

  expect(await driver.start('m', { signal })).toEqual({ power: 'on', incarnation: await incarnation() });

  expectAsked(virsh, recording);
});

test('a start that fails three times is MACHINE_NOT_STARTED, in its own words', async () => {
  const fails = [OFF, call('start', "Failed to start domain 'tomcat-a'", FAILED)];
  const recording = [...fails, ...fails, ...fails];
  const { driver, virsh } = await replay(recording);

  await expect(driver.start('m', { signal })).rejects.toMatchObject({
    code: 'MACHINE_NOT_STARTED',
    message: expect.stringContaining("operation failed: Can't change domain state") as string,
  });

  expectAsked(virsh, recording);
});

test.each<[string, readonly Exchange[], number]>([
  ['that runs', [ON, call('shutdown'), ENDING, OFF, OFF], 60_000],
  ['that is off', [OFF, OFF], 60_000],
  ['that has just ended', [ON, call('shutdown', "Failed to shutdown domain 'tomcat-a'", INVALID), OFF], 60_000],
  ['that does not end in time', [ON, call('shutdown'), ON, call('destroy'), OFF], 1],
  [
    'that stays locked by its shutdown',
    [ON, call('shutdown', LOCKED), ON, call('destroy', "Failed to destroy domain 'tomcat-a'", LOCKED), ON, call('destroy'), OFF],
    1,
  ],
])('a machine %s is stopped', async (_which, recording, stopTimeoutMs) => {
  const { driver, virsh } = await replay(recording, { stopTimeoutMs });

  await driver.stop('m', { signal });

  expectAsked(virsh, recording);
});

/** What it takes to restart, and the call that boots. */
test.each<[string, readonly Exchange[], string, number]>([
  ['is asked to reboot', [ON, call('reboot'), ON], 'reboot', 60_000],
  ['is reset when it does not reboot', [ON, call('reboot'), ON, call('reset'), ON], 'reset', 1],
  [
    'is switched off and on when it is a container, which has no reset',
    [ON, call('reboot'), ON, call('reset', "Failed to reset domain 'tomcat-a'", INVALID)].concat(
      [ON, call('shutdown'), OFF],
      [OFF, call('start'), ON],
    ),
    'start',
    1,
  ],
  [
    'is switched off and on by a libvirt before 3.1, which has no reset',
    [ON, call('reboot', INVALID)].concat(
      [call('reset', 'this function is not supported by the connection driver: virDomainReset')],
      [ON, call('shutdown'), OFF],
      [OFF, call('start'), ON],
    ),
    'start',
    1,
  ],
])('a machine to restart %s', async (_what, recording, booting, stopTimeoutMs) => {
  const { driver, virsh, incarnation, bootsAt } = await replay(recording, { stopTimeoutMs });
  const before = await incarnation();
  bootsAt(booting);

  const restarted = await driver.restart('m', { signal, expect: before });

  expect(restarted).toEqual({ power: 'on', incarnation: await incarnation() });
  expect(restarted.incarnation).not.toBe(before);
  expectAsked(virsh, recording);
});

test('of a machine that has been restarted before nothing is asked but its state', async () => {
  const { driver, virsh, incarnation } = await replay([ON]);

  expect(await driver.restart('m', { signal, expect: `${ENVIRONMENT}/before` })).toEqual({
    power: 'on',
    incarnation: await incarnation(),
  });

  expectAsked(virsh, [ON]);
});

test('a state that cannot be told now is asked for again', async () => {
  const recording = [call('dominfo', 'operation failed: cannot read cputime for domain'), ON];
  const { driver, virsh } = await replay(recording);

  expect(await driver.status('m', { signal })).toMatchObject({ power: 'on' });

  expectAsked(virsh, recording);
});

const NO_CONNECTION = 'failed to connect to the hypervisor';
test.each<[string, string[], string, boolean]>([
  [
    'a machine that is not there',
    ["failed to get domain 'tomcat-a'", "Domain not found: no domain with matching name 'tomcat-a'"],
    'DOMAIN_UNKNOWN',
    false,
  ],
  [
    'a path that is none',
    [NO_CONNECTION, "internal error: Unexpected Virtuozzo URI path '/vz', try vz:///system"],
    'HYPERVISOR_URI_WRONG',
    false,
  ],
  ['a host without Virtuozzo', [NO_CONNECTION, 'no connection driver available for vz:///system'], 'HYPERVISOR_URI_WRONG', false],
  [
    'a driver that has not started',
    [NO_CONNECTION, 'internal error: vz state driver is not active'],
    'HYPERVISOR_UNREACHABLE',
    true,
  ],
  [
    'a host without libvirt',
    [NO_CONNECTION, "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory"],
    'HYPERVISOR_UNREACHABLE',
    true,
  ],
  ['an account without rights', ['access denied'], 'HYPERVISOR_REFUSED', false],
])('verify tells: %s', async (_what, said, code, retryable) => {
  const recording = [call('dominfo', ...said)];
  const { driver, virsh } = await replay(recording);

  await expect(driver.verify('m', { signal })).rejects.toMatchObject({ code, retryable });

  expectAsked(virsh, recording);
});

test('verify of a machine that tells its boot id asks for nothing else', async () => {
  const { driver, virsh } = await replay([ON]);

  await driver.verify('m', { signal });

  expectAsked(virsh, [ON]);
});

test('a call that is not in the recording fails, and is seen', async () => {
  const { driver, virsh } = await replay([OFF]);
  const end = new AbortController();

  const started = driver.start('m', { signal: end.signal });
  await expect.poll(() => virsh.unexpected().length).toBeGreaterThan(0);
  end.abort();

  await expect(started).rejects.toThrow('aborted');
  expect(virsh.unexpected()[0]).toEqual(['-q', '-c', URI, 'start', DOMAIN]);
  expect(() => expectAsked(virsh, [OFF])).toThrow();
});
