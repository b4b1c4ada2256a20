// The vSphere driver on the simulator of a vCenter, over TLS: by the suite for all drivers, and in what is its own.

import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import { VimSession } from '../../activities/hypervisor/vsphere/session.js';
import { VirtualMachine } from '../../activities/hypervisor/vsphere/virtual-machine.js';
import { childrenOf, find, ManagedObject, objectOf, textOf } from '../../activities/hypervisor/vsphere/xml.js';
import type { MachineConfig, VsphereDriverConfig } from '../../config/types.js';
import { startBootIdServer } from '../fixtures/boot-id-server.js';
import type { Vcsim } from '../fixtures/vcsim.js';
import { startVcsim, VCSIM_PASSWORD, VCSIM_USER, VCSIM_VMS } from '../fixtures/vcsim.js';
import type { VsphereRelay } from '../fixtures/vsphere-relay.js';
import { startVsphereRelay } from '../fixtures/vsphere-relay.js';
import type { FaultyKit } from '../hypervisor/conformance.js';
import { conformance } from '../hypervisor/conformance.js';

const signal = new AbortController().signal;
const missing = hasGo() ? null : 'install Go, which builds the simulator';
const VM = VCSIM_VMS[0];

let vcsim: Vcsim;
let relay: VsphereRelay;

beforeAll(async () => {
  if (missing !== null) return;
  vcsim = await startVcsim();
  relay = await startVsphereRelay(vcsim.port);
}, 600_000);

afterEach(() => missing ?? relay.set('none'));

afterAll(async () => {
  if (missing !== null) return;
  await relay.close();
  await vcsim.stop();
});

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

type Change = Partial<VsphereDriverConfig>;

function configOf(change: Change = {}): MachineConfig<VsphereDriverConfig> {
  const { url, caFile } = relay;
  const account = { user: VCSIM_USER, password: VCSIM_PASSWORD, caFile };
  const incarnation = { type: 'boot-time' } as const;
  const driver: VsphereDriverConfig = { type: 'vsphere', url, ...account, vm: VM, incarnation, stopTimeoutMs: 60_000, ...change };
  return { name: 'm', url: 'http://127.0.0.1:1', driver };
}

function driverOf(change: Change = {}): HypervisorDriver {
  return createDriver({ machines: [configOf(change)] });
}

/** Another client of the same server. */
function adminSession(): { session: VimSession; machine: VirtualMachine } {
  const { driver } = configOf();
  const target = { machine: 'm', url: driver.url, vm: VM };
  const session = new VimSession(target, driver);
  return { session, machine: new VirtualMachine(target, session) };
}

const bootEvents = new Set<string>();

async function objectAt(path: string, { session } = adminSession()): Promise<ManagedObject> {
  const inventoryPath = path.slice(1);
  const found = await session.call(
    'FindByInventoryPath',
    ({ services }) => ({ _this: services.searchIndex, inventoryPath }),
    signal,
  );
  return objectOf(find(found, 'returnval')) as ManagedObject;
}

async function rename(_this: ManagedObject, path: string): Promise<void> {
  await adminSession().session.call('Rename_Task', () => ({ _this, newName: path.split('/').at(-1) ?? '' }), signal);
  await expect.poll(async () => (await objectAt(path)).id).toBe(_this.id);
}

/** As the server's own events tell, of which it keeps the last ten. */
async function boots(): Promise<number> {
  const { session } = adminSession();
  const entity = await objectAt(VM);
  const filter = { entity: { entity, recursion: 'self' }, eventTypeId: 'VmPoweredOnEvent' };
  const events = await session.call(
    'QueryEvents',
    () => ({ _this: new ManagedObject('EventManager', 'EventManager'), filter }),
    signal,
  );
  for (const event of childrenOf(events, 'returnval')) bootEvents.add(textOf(event, 'key') ?? '');
  return bootEvents.size;
}

async function settled(change: Change = {}): Promise<string> {
  const { incarnation } = await driverOf(change).status('m', { signal });
  return incarnation ?? '';
}

const kit: FaultyKit = {
  machine: (kind) => {
    const stubborn = kind === 'stubborn';
    if (stubborn) relay.set('deaf');
    const driver = (): HypervisorDriver => driverOf(stubborn ? { stopTimeoutMs: 2000 } : {});
    return Promise.resolve({ driver, boots, settled: () => settled() });
  },
  faults: {
    gone: () => Promise.resolve(relay.set('gone')),
    slow: () => Promise.resolve(relay.set('slow')),
    loseAnswers: () => Promise.resolve(relay.set('lost')),
    end: () => Promise.resolve(relay.set('none')),
  },
};

conformance('vSphere, simulated', kit, missing);

describe.skipIf(missing !== null)(`vsphere${missing === null ? '' : ` (not run: ${missing})`}`, () => {
  test('a guest that tells its boot id is asked to reboot, and reset when it does not hear', async () => {
    const guest = await startBootIdServer();
    const change: Change = { incarnation: { type: 'http', url: guest.url }, stopTimeoutMs: 2000 };
    await driverOf(change).start('m', { signal });
    const before = await settled(change);
    expect(before).toMatch(/^[\d-]+T[\d:.]+Z\/.+/);
    relay.set('deaf');
    relay.asked();
    const asked: string[] = [];
    guest.bootWhen(() => {
      asked.push(...relay.asked().filter((method) => /Guest$|^(Reset|PowerO)/.test(method)));
      return asked.includes('ResetVM_Task');
    });

    const { incarnation } = await driverOf(change).restart('m', { signal, expect: before });

    expect(incarnation?.split('/')[1]).not.toBe(before.split('/')[1]);
    expect(asked).toEqual(['RebootGuest', 'ResetVM_Task']);
  });

  test('a session that the server has ended is renewed', async () => {
    const driver = driverOf();
    await driver.start('m', { signal });
    const before = await driver.status('m', { signal });
    const { session } = adminSession();
    relay.asked();

    await endOtherSessions(session);

    expect(await driver.status('m', { signal })).toEqual(before);
    expect(relay.asked().filter((method) => method === 'Login')).toHaveLength(2);
  });

  test('a machine may be named by its instance UUID', async () => {
    await driverOf().start('m', { signal });
    const values = await adminSession().machine.properties(['config.instanceUuid'], signal);

    const byUuid = driverOf({ vm: values['config.instanceUuid'] ?? '' });
    expect(await byUuid.status('m', { signal })).toEqual(await driverOf().status('m', { signal }));
    expect(await byUuid.identity('m', { signal })).toBe(await driverOf().identity('m', { signal }));
  });

  test('a path means the machine that is there now, not the one that was there before', async () => {
    const [one, other] = [await objectAt(VM), await objectAt(VCSIM_VMS[1])];
    const driver = driverOf();
    const before = await driver.identity('m', { signal });
    const elsewhere = `${VM}-old`;
    await rename(one, elsewhere);
    await rename(other, VM);
    onTestFinished(async () => {
      await rename(other, VCSIM_VMS[1]);
      await rename(one, VM);
    });

    const after = await driver.identity('m', { signal });

    expect(after).not.toBe(before);
    expect(await driverOf({ vm: elsewhere }).identity('m', { signal })).toBe(before);
  });

  test('a machine that is suspended is left as it is, and its name is told', async () => {
    await driverOf().start('m', { signal });
    const before = await boots();
    const { machine } = adminSession();
    await machine.run('SuspendVM_Task', signal);
    onTestFinished(() => machine.run('PowerOnVM_Task', signal));

    for (const operation of ['start', 'stop', 'restart', 'verify'] as const)
      await expect(driverOf()[operation]('m', { signal, expect: '' })).rejects.toMatchObject({ code: 'MACHINE_SUSPENDED' });

    expect(await boots()).toBe(before);
  });

  test('a server that is just starting is asked again', async () => {
    relay.set('starting');
    await expect(driverOf().verify('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_UNREACHABLE', retryable: true });
    const started = driverOf().start('m', { signal });
    await expect.poll(() => relay.asked().length).toBeGreaterThan(1);
    relay.set('none');

    expect(await started).toMatchObject({ power: 'on' });
  });

  test.each<[string, () => Change, string]>([
    ['a machine that is not there', () => ({ vm: 'DC0/vm/nowhere' }), 'VM_UNKNOWN'],
    ['a UUID that no machine has', () => ({ vm: '00000000-0000-0000-0000-000000000000' }), 'VM_UNKNOWN'],
    ['a path that is no machine', () => ({ vm: 'DC0/vm' }), 'VM_UNKNOWN'],
    ['a wrong password', () => ({ password: 'wrong' }), 'HYPERVISOR_REFUSED'],
    ['a CA that has not signed its certificate', () => ({ caFile: relay.otherCaFile }), 'HYPERVISOR_UNTRUSTED'],
    ['a certificate of a CA that nobody knows', () => ({ caFile: null }), 'HYPERVISOR_UNTRUSTED'],
    ['a certificate of another host', () => ({ url: relay.url.replace('127.0.0.1', 'localhost') }), 'HYPERVISOR_UNTRUSTED'],
    ['a file without a CA', () => ({ caFile: '/dev/null' }), 'HYPERVISOR_UNTRUSTED'],
    ['a file of a CA that is not there', () => ({ caFile: '/nowhere/ca.pem' }), 'HYPERVISOR_UNTRUSTED'],
    ['a server that is not there', () => ({ url: 'https://127.0.0.1:1/sdk' }), 'HYPERVISOR_UNREACHABLE'],
  ])('verify tells: %s', async (_what, change, code) => {
    await expect(driverOf(change()).verify('m', { signal })).rejects.toMatchObject({ code });
  });

  test('verify tells a server that is something else, and an account that may not do all', async () => {
    relay.set('other');
    await expect(driverOf().verify('m', { signal })).rejects.toMatchObject({ code: 'HYPERVISOR_URI_WRONG' });
    relay.set('denied');
    await expect(driverOf().verify('m', { signal })).rejects.toMatchObject({
      code: 'HYPERVISOR_REFUSED',
      message: expect.stringContaining('VirtualMachine.Interact.Reset') as string,
    });
  });

  test('no error holds the password', async () => {
    for (const change of [{ password: `secret&<word>` }, { vm: 'nowhere' }]) {
      const error: unknown = await driverOf(change)
        .verify('m', { signal })
        .catch((reason: unknown) => reason);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/secret|right.*wrong/);
    }
  });
});

async function endOtherSessions(session: VimSession): Promise<void> {
  const answer = await session.call(
    'RetrievePropertiesEx',
    ({ services }) => ({
      _this: services.propertyCollector,
      specSet: {
        propSet: { type: 'SessionManager', pathSet: 'sessionList' },
        objectSet: { obj: services.sessionManager },
      },
      options: {},
    }),
    signal,
  );
  const list = find(answer, 'returnval', 'objects', 'propSet', 'val');
  const keys = (list === undefined ? [] : childrenOf(list)).map((one) => find(one, 'key')?.textContent ?? '');
  await session.call(
    'TerminateSession',
    ({ services, key }) => ({ _this: services.sessionManager, sessionId: keys.filter((one) => one !== key) }),
    signal,
  );
}
