import { join } from 'node:path';
import { expect, test } from 'vitest';
import { STOP_TIMEOUT_MS } from '../../config/defaults.js';
import { directory, ENV, GOOD, load, refusal } from '../fixtures/config-file.js';

const LIBVIRT = '{ type: libvirt, uri: "qemu:///system", domain: a, incarnation: { type: ssh, host: h, identityFile: id } }';
const withDriver = (driver = LIBVIRT): string => GOOD.replace(/driver: \{ type: process.*\}/, `driver: ${driver}`);

test('a machine may be a domain beside one that is a process, and its files are relative to the file', () => {
  const machines = load(withDriver()).pools['shop']?.machines;

  expect(machines?.map(({ driver }) => driver.type)).toEqual(['libvirt', 'process']);
  expect(machines?.[0].driver).toMatchObject({
    incarnation: { identityFile: join(directory, 'id'), knownHostsFile: null, user: null },
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
  expect(load(withDriver('{ type: libvirt, uri: "qemu:///system", domain: a }')).pools['shop']?.machines[0].driver).toMatchObject(
    {
      incarnation: { type: 'guest-agent' },
    },
  );
});

test.each([
  ['an id, which changes', 'domain: a', 'domain: "7"', /driver\.domain: found "7", allowed: the name or UUID/],
  ['an option of virsh', 'domain: a', 'domain: --all', /driver\.domain: found "--all", allowed: the name or UUID/],
  ['no URI', 'uri: "qemu:///system"', 'uri: qemu', /driver\.uri: found "qemu", allowed: a connection URI/],
  [
    'told by an id that stays the same',
    LIBVIRT,
    '{ type: libvirt, uri: "vz+ssh://h/system", domain: a, incarnation: { type: domain } }',
    /driver\.incarnation: found .*, allowed: \{ type: http, url: URL \} or \{ type: ssh/,
  ],
  ['an option of ssh', 'host: h', 'host: -oProxyCommand=x', /host: found "-oProxyCommand=x", allowed: a host name/],
])('a domain cannot be %s', (_what, good, bad, message) => {
  expect(refusal(withDriver(LIBVIRT.replace(good, bad))).message).toMatch(message);
});

test('a domain may get a fresh disk at each restart', () => {
  const fresh = LIBVIRT.replace('domain: a', 'domain: a, restart: rebuild, rebuild: { disk: vda, image: /images/b.qcow2 }');

  expect(load(withDriver(fresh)).pools['shop']?.machines[0].driver).toMatchObject({
    ...{ restart: 'rebuild', rebuild: { disk: 'vda', image: '/images/b.qcow2' } },
  });
  expect(load(withDriver()).pools['shop']?.machines[0].driver).toMatchObject({ restart: 'reboot', rebuild: null });
});

test.each([
  ['without saying from what', 'restart: rebuild', /driver\.rebuild: found nothing, allowed: \{ disk: TARGET, image: PATH \}/],
  [
    'from an image of no whole path',
    'restart: rebuild, rebuild: { disk: vda, image: b.qcow2 }',
    /rebuild\.image: found "b\.qcow2", allowed: the whole path/,
  ],
  ['unless it says so', 'rebuild: { disk: vda, image: /b.qcow2 }', /driver\.restart: found nothing, allowed: rebuild/],
  ['in a third way', 'restart: renew', /driver\.restart: found "renew", allowed: one of "reboot", "rebuild"/],
])('a domain cannot be rebuilt %s', (_what, fields, message) => {
  expect(refusal(withDriver(LIBVIRT.replace('domain: a', `domain: a, ${fields}`))).message).toMatch(message);
});

test('a domain that is active and standby is refused', () => {
  const twice = withDriver().replace(/driver: \{ type: process.*\}/, `driver: ${LIBVIRT.replace('system"', 'system/"')}`);

  expect(refusal(twice).message).toMatch(/machines\.1\.driver\.domain: .*that machine a of pool shop does not have/);
});

const VSPHERE =
  '{ type: vsphere, url: "https://vcenter", user: u@vsphere.local, password: { env: VSPHERE_PASSWORD }, caFile: ca.pem, vm: DC/vm/a }';
const WITH_PASSWORD = { ...ENV, VSPHERE_PASSWORD: 'hunter2' };

test('a machine may be one of vSphere, and its password comes from the environment', () => {
  const [machine] = load(withDriver(VSPHERE), WITH_PASSWORD).pools['shop']?.machines ?? [];

  expect(machine?.driver).toEqual({
    type: 'vsphere',
    url: 'https://vcenter/sdk',
    user: 'u@vsphere.local',
    password: 'hunter2',
    caFile: join(directory, 'ca.pem'),
    vm: 'DC/vm/a',
    incarnation: { type: 'boot-time' },
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
});

test('who switches machines alone needs the passwords of hypervisors alone, and who does neither needs none', () => {
  const yaml = withDriver(VSPHERE);
  expect(refusal(yaml, ENV, { secrets: 'drivers' })).toMatchObject({
    code: 'SECRET_MISSING',
    message: expect.stringContaining('pools.shop.machines.a.driver.password') as string,
  });

  const drivers = load(yaml, { ...WITH_PASSWORD, MANAGER_PASSWORD: '' }, { secrets: 'drivers' }).pools['shop'];
  expect(drivers?.machines[0].driver).toMatchObject({ password: 'hunter2' });
  const none = load(yaml, { ...ENV, MANAGER_PASSWORD: '' }, { secrets: 'none' }).pools['shop'];
  expect(none?.machines[0].driver).toMatchObject({ password: '' });
});

test.each([
  ['without TLS', 'https://vcenter', 'http://vcenter', /driver\.url: found "http:\/\/vcenter", allowed: the https URL/],
  ['with a password in its url', 'https://vcenter', 'https://u:hunter2@vcenter', /driver\.url: found .*, allowed: the https URL/],
  ['without a user', 'user: u@vsphere.local', 'user: ""', /driver\.user: found "", allowed: /],
  ['with a password in the file', '{ env: VSPHERE_PASSWORD }', 'hunter2', /driver\.password: .*allowed: \{ env: NAME \}/],
  ['without a machine', 'vm: DC/vm/a', 'vm: /', /driver\.vm: found "\/", allowed: an inventory path/],
  ['that a guest agent tells from its boot before', 'caFile', 'incarnation: { type: guest-agent }, caFile', /boot-time/],
])('a machine of vSphere cannot be one %s', (_what, good, bad, message) => {
  const error = refusal(withDriver(VSPHERE.replace(good, bad)), WITH_PASSWORD);

  expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string });
  expect(error.message).not.toContain('hunter2');
});

test('a machine of vSphere that is active and standby is refused, however its path is spelled', () => {
  const twice = withDriver(VSPHERE).replace(/driver: \{ type: process.*\}/, `driver: ${VSPHERE.replace('DC/vm/a', '/dc/VM/a')}`);

  expect(refusal(twice, WITH_PASSWORD).message).toMatch(/machines\.1\.driver\.vm: .*that machine a of pool shop does not have/);
});
