// Machines that are virtual machines of VMware vSphere: of a vCenter, or of one ESXi host.

import { OperatorError } from '../../../config/operator-error.js';
import type { VsphereDriverConfig } from '../../../config/types.js';
import type { BootIdReader } from '../boot-id.js';
import { bootIdReader } from '../boot-id.js';
import type { MachineDriver, OperationOptions } from '../driver.js';
import { incarnationOf } from '../incarnation.js';
import { mustTell } from '../must-tell.js';
import type { Sight, Switch } from '../switched.js';
import { createSwitched } from '../switched.js';
import type { Target } from './errors.js';
import { isSuspended, isTemplate, lacksRights, outOfSight, VimFault } from './errors.js';
import { VimSession } from './session.js';
import { VirtualMachine } from './virtual-machine.js';

/** What a restart needs besides reading. The guest is asked by the same rights. */
const PRIVILEGES = ['PowerOn', 'PowerOff', 'Reset'].map((action) => `VirtualMachine.Interact.${action}`);

export function createVsphereDriver(name: string, driver: VsphereDriverConfig): MachineDriver {
  const { url, vm, stopTimeoutMs } = driver;
  const target: Target = { machine: name, url, vm };
  const machine = new VirtualMachine(target, new VimSession(target, driver));
  const readBootId = driver.incarnation.type === 'boot-time' ? null : bootIdReader(driver.incarnation);
  const ownSwitch: Switch = {
    look: (signal) => look(target, machine, readBootId, signal),
    powerOn: unlessSo((signal) => machine.run('PowerOnVM_Task', signal)),
    asksToEnd: [unlessSo(async (signal) => void (await machine.ask('ShutdownGuest', signal)))],
    cutOff: unlessSo((signal) => machine.run('PowerOffVM_Task', signal)),
    askToReboot: unlessSo(async (signal) => void (await machine.ask('RebootGuest', signal))),
    reset: unlessSo((signal) => machine.run('ResetVM_Task', signal)),
  };
  return {
    ...createSwitched({ name, key: `vsphere ${url} ${vm}`, stopTimeoutMs, switch: ownSwitch }),
    rollBack: () => Promise.resolve(null),
    keep: () => Promise.resolve(),
    identity: ({ signal }) => identityOf(target, machine, signal),
    verify: (options) => verify(target, machine, readBootId, options),
    memoryBytes: ({ signal }) => memoryOf(machine, signal),
    // What vSphere calls the guest's memory is what it touches at the moment: no level that a leak would raise.
    memoryUse: () => Promise.resolve(null),
    output: () => `the console of ${vm} in the client of ${new URL(url).host}`,
    capabilities: () => ({ graceful: true, reset: true }),
  };
}

/** The state decides, which is looked at next. */
function unlessSo(way: (signal: AbortSignal) => Promise<void>): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    await way(signal).catch((error: unknown) => {
      if (!(error instanceof VimFault) || error.fault !== 'InvalidPowerState') throw error;
    });
  };
}

/** One object of the server's, so that its parts belong together. */
const RUNTIME = ['powerState', 'bootTime', 'connectionState'].map((name) => `summary.runtime.${name}`);

/** Throws when nobody knows its power. */
async function powerOf(
  target: Target,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<{ isOn: boolean; bootTime: string | undefined }> {
  const values = await machine.properties(RUNTIME, signal);
  const [power, bootTime, connection] = RUNTIME.map((path) => values[path]);
  if (connection !== 'connected') throw outOfSight(target, connection ?? 'without a connection state');
  if (power === 'suspended') throw isSuspended(target);
  if (power !== 'poweredOn' && power !== 'poweredOff') throw outOfSight(target, power ?? 'without a power state');
  return { isOn: power === 'poweredOn', bootTime };
}

async function look(
  target: Target,
  machine: VirtualMachine,
  readBootId: BootIdReader | null,
  signal: AbortSignal,
): Promise<Sight> {
  const { isOn, bootTime } = await powerOf(target, machine, signal);
  if (!isOn) return { power: 'off', incarnation: null };
  const bootId = await readBootId?.(signal).catch(() => null);
  signal.throwIfAborted();
  // One that comes later would look like another boot, where no guest tells.
  if (bootTime === undefined && typeof bootId !== 'string') throw outOfSight(target, 'on without a boot time');
  return { power: 'on', incarnation: incarnationOf(bootTime ?? 'on', bootId) };
}

async function verify(
  target: Target,
  machine: VirtualMachine,
  readBootId: BootIdReader | null,
  { signal }: OperationOptions,
): Promise<void> {
  try {
    const { isOn } = await powerOf(target, machine, signal);
    const { 'config.template': template } = await machine.properties(['config.template'], signal);
    if (template === 'true') throw isTemplate(target);
    const lacking = await machine.lacking(PRIVILEGES, signal);
    if (lacking.length > 0) throw lacksRights(target, lacking);
    if (isOn && readBootId !== null) await mustTell(target.machine, readBootId, signal);
  } catch (error) {
    // Nobody waits for it to appear.
    if (!(error instanceof OperatorError) || error.code !== 'VM_UNKNOWN') throw error;
    throw new OperatorError(error.code, error.message, error.remedy, { status: error.status, cause: error });
  }
}

/** Instance UUIDs are one server's: a machine that was copied to another may have the same. */
async function identityOf({ url, vm }: Target, machine: VirtualMachine, signal: AbortSignal): Promise<string> {
  const { 'config.instanceUuid': uuid } = await machine.properties(['config.instanceUuid'], signal);
  return `vsphere ${uuid ?? vm} of ${url}`;
}

/** Its host counts in mebibytes, and as long as it does not 0 is told. */
async function memoryOf(machine: VirtualMachine, signal: AbortSignal): Promise<number | null> {
  const path = 'summary.quickStats.hostMemoryUsage';
  const { [path]: mebibytes } = await machine.properties([path], signal);
  return Number(mebibytes ?? 0) > 0 ? Number(mebibytes) * 2 ** 20 : null;
}
