// What libvirt lets virsh say of a container now and then, which cannot be brought about: replayed. The rest is tested on real containers.

import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { putRecordingBeforeVirsh } from '../fixtures/recorded-virsh.js';

const signal = new AbortController().signal;
const URI = 'lxc:///system';

const dominfo = (printed: string) => ({
  args: ['-q', '-c', URI, 'dominfo', 'tomcat-a'],
  stdout: printed,
  stderr: 'error: Requested operation is not valid: Init pid is not yet available\n',
});
const WHOLE = `Id:             4711
Name:           tomcat-a
UUID:           6f2bb0c4-3a0d-4d6f-9b93-1f6d6a0d8a11
OS Type:        exe
State:          running
CPU(s):         1
Max memory:     65536 KiB
Used memory:    2048 KiB
Persistent:     yes
Autostart:      disable
Managed save:   no
`;

async function statusAfter(printed: string): Promise<unknown> {
  const virsh = await putRecordingBeforeVirsh(Array(100).fill(dominfo(printed)));
  onTestFinished(() => virsh.remove());
  const driver = createDriver({
    machines: [
      {
        name: 'm',
        url: 'http://127.0.0.1:1',
        driver: {
          ...{ type: 'libvirt', uri: URI, domain: 'tomcat-a', incarnation: { type: 'domain' } },
          ...{ restart: 'reboot', rebuild: null, stopTimeoutMs: 60_000 },
        },
      },
    ],
  });
  return driver.status('m', { signal });
}

test('a container runs though libvirt has not heard which process its init is', async () => {
  expect(await statusAfter(WHOLE)).toEqual({ power: 'on', incarnation: '4711' });
});

test('what breaks off before all is told tells nothing', async () => {
  await expect(statusAfter(WHOLE.slice(0, WHOLE.indexOf('Persistent')))).rejects.toThrow('Init pid is not yet available');
});
