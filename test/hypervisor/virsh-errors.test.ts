import { expect, test } from 'vitest';
import { AlreadySo, virshFailed, VirshRefusal } from '../../activities/hypervisor/libvirt/errors.js';

const TARGET = { machine: 'm', uri: 'qemu:///system', domain: 'd' };
const HOST_KEY = `error: failed to connect to the hypervisor
error: Cannot recv data: @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key verification failed.: Connection reset by peer`;

/** As libvirt 9 and OpenSSH 9 say it; those that can be had here without another host are had in libvirt.test.ts as well. */
test.each([
  ['HYPERVISOR_UNTRUSTED', HOST_KEY],
  ['HYPERVISOR_UNTRUSTED', 'error: Cannot recv data: Host key verification failed.: Connection reset by peer'],
  ['HYPERVISOR_UNTRUSTED', "error: Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory"],
  ['HYPERVISOR_REFUSED', 'error: Cannot recv data: Permission denied (publickey,password).: Connection reset by peer'],
  ['HYPERVISOR_REFUSED', "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied"],
  [
    'HYPERVISOR_REFUSED',
    "error: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
  ],
  ['HYPERVISOR_REFUSED', "error: error from service: GDBus.Error: access denied: 'QEMU' denied access"],
  [
    'HYPERVISOR_REFUSED',
    'error: internal error: Unable to get system bus connection: Could not connect: No such file or directory',
  ],
  ['HYPERVISOR_URI_WRONG', 'error: no connection driver available for quatsch:///system'],
  ['HYPERVISOR_URI_WRONG', "error: internal error: unexpected QEMU URI path '/nowhere', try qemu:///system"],
  ['DOMAIN_UNKNOWN', "error: failed to get domain 'd'"],
  ['HYPERVISOR_UNREACHABLE', "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory"],
  [
    'HYPERVISOR_UNREACHABLE',
    'error: Cannot recv data: ssh: connect to host h port 22: Connection refused: Connection reset by peer',
  ],
  ['HYPERVISOR_UNREACHABLE', 'error: Cannot recv data: ssh: Could not resolve hostname h: Name or service not known'],
  ['HYPERVISOR_UNREACHABLE', 'error: Timed out during operation: cannot acquire state change lock (held by monitor=x)'],
])('virsh says %s: %s', (code, stderr) => {
  const error = virshFailed(TARGET, { stdout: '', stderr });

  expect(error).toMatchObject({ code, retryable: code === 'HYPERVISOR_UNREACHABLE' || code === 'DOMAIN_UNKNOWN' });
  expect(error.message).toMatch(/^[^\n]*\.$/);
});

test.each([
  "error: Failed to start domain 'd'\nerror: Requested operation is not valid: domain is already running",
  "error: Failed to destroy domain 'd'\nerror: Requested operation is not valid: domain is not running",
  'error: Domain is already active',
])('what is so already is no failure: %s', (stderr) => {
  expect(virshFailed(TARGET, { stdout: '', stderr })).toBeInstanceOf(AlreadySo);
});

test('of what nobody has thought of the words are kept', () => {
  const stderr = "error: Failed to start domain 'd'\nerror: internal error: process exited while connecting to monitor\n\n";
  const error = virshFailed(TARGET, { stdout: '', stderr });

  expect(error).toBeInstanceOf(VirshRefusal);
  expect(error.message).toBe("Failed to start domain 'd' internal error: process exited while connecting to monitor");
});
