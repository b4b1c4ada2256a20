// A libvirtd of our own, in namespaces of its own (apart.ts), with the guests' network.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../activities/hypervisor/run-tool.js';
import { Closing } from '../embedded/closing.js';
import { startServerProcess } from '../embedded/server-process.js';
import { requireApart } from './apart.js';
import { networkXml } from './domain.js';
import { NETWORK } from './layout.js';

export const URI = 'qemu:///system';
const CALL_LIMIT_MS = 60_000;
/** One whose starter was killed ends by itself once its guests have. */
const IDLE_S = 120;
/** Its guests read files that only we may read, and are as much ours as any process that we start. */
const QEMU_CONF = `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
`;
const LIBVIRTD_CONF = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n';

export interface OwnLibvirt {
  /** Defines a guest that is off; `close` ends it. */
  define(name: string, xml: string): Promise<void>;
  close(): Promise<void>;
}

export function startOwnLibvirt(directory: string): Promise<OwnLibvirt> {
  return Closing.onFailure(async (closing) => {
    requireApart();
    await mkdir(directory, { recursive: true });
    // Its package makes it; libvirt notes there which guest has which address of its bridge, also without dnsmasq.
    await mkdir('/var/lib/libvirt/dnsmasq', { recursive: true });
    await writeFile('/etc/libvirt/qemu.conf', QEMU_CONF);
    await writeFile('/etc/libvirt/libvirtd.conf', LIBVIRTD_CONF);
    const daemon = await startServerProcess({
      file: '/usr/sbin/libvirtd',
      args: ['--timeout', String(IDLE_S), '--pid-file', join(directory, 'libvirtd.pid')],
      ...{ logFile: join(directory, 'libvirtd.log'), stopSignal: 'SIGTERM', killSignal: 'SIGKILL' },
      serves: async () => void (await virsh('uri')),
    });
    closing.add(() => daemon.stop());
    const file = join(directory, 'network.xml');
    await writeFile(file, networkXml());
    await virsh('net-define', file);
    await virsh('net-start', NETWORK.name);
    closing.add(() => virsh('net-destroy', NETWORK.name));
    return {
      define: async (name, xml) => {
        const definition = join(directory, `${name}.xml`);
        await writeFile(definition, xml);
        await virsh('define', definition);
        // One that is off is left as it is.
        closing.add(() => virsh('destroy', name).catch(() => undefined));
      },
      close: () => closing.close(),
    };
  });
}

/** By hand, beside the driver; an Error with what it says. */
export async function virsh(...args: string[]): Promise<string> {
  const { signal } = new AbortController();
  const { code, stdout, stderr } = await runTool('virsh', ['-q', '-c', URI, ...args], CALL_LIMIT_MS, signal);
  if (code !== 0) throw new Error(`virsh ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
