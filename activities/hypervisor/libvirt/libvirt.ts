// Machines that are domains of libvirt: QEMU/KVM, Xen, LXC, Virtuozzo and whatever else virsh connects to.

import { OperatorError } from '../../../config/operator-error.js';
import type { LibvirtDriverConfig } from '../../../config/types.js';
import type { BootIdReader } from '../boot-id.js';
import { bootIdReader } from '../boot-id.js';
import type { MachineDriver, MemoryUse, OperationOptions } from '../driver.js';
import { nameOf } from '../driver.js';
import { incarnationOf } from '../incarnation.js';
import { mustTell } from '../must-tell.js';
import type { Sight, Switch } from '../switched.js';
import { createSwitched } from '../switched.js';
import { guestAgentReader } from './guest-agent.js';
import { Rebuild } from './rebuild.js';
import type { Target } from './errors.js';
import { AlreadySo, domainBusy, isSaved, VirshRefusal } from './errors.js';
import { askLimitMs, isXen, virsh } from './virsh.js';

export function createLibvirtDriver(name: string, driver: LibvirtDriverConfig): MachineDriver {
  const { uri, domain, stopTimeoutMs } = driver;
  const target: Target = { machine: name, uri, domain };
  const readBootId = readerOf(target, driver.incarnation);
  const isContainer = /^lxc[+:]/.test(uri);
  // A container's kernel is its host's: there is nothing to reset. libvirt's driver for Xen does not know how.
  const hasReset = !isContainer && !isXen(uri);
  const turn =
    (...command: string[]) =>
    async (signal: AbortSignal): Promise<void> => {
      await virsh(target, [...command, domain], signal, { limitMs: askLimitMs(target) }).catch((error: unknown) => {
        if (!(error instanceof AlreadySo)) throw error;
      });
    };
  const ownSwitch: Switch = {
    look: (signal) => look(target, readBootId, signal),
    powerOn: turn('start'),
    // libvirt says yes to asking a container's init though nobody listens there; a signal by itself means another thing to systemd.
    asksToEnd: isContainer ? [turn('shutdown'), turn('shutdown', '--mode', 'signal')] : [turn('shutdown')],
    cutOff: turn('destroy'),
    askToReboot: turn('reboot'),
    reset: hasReset ? turn('reset') : null,
  };
  const rebuild = driver.restart === 'rebuild' && driver.rebuild !== null ? new Rebuild(target, driver.rebuild) : null;
  const switched = createSwitched({
    ...{ name, key: `libvirt ${uri} ${domain}`, stopTimeoutMs, askLimitMs: askLimitMs(target), switch: ownSwitch },
    ...(rebuild === null ? {} : { renewal: rebuild }),
  });
  return {
    ...switched,
    restart: async (options) => {
      const status = await switched.restart(options);
      const disk = await rebuild?.stateOf(nameOf(options), options.signal);
      return disk === 'back' ? { ...status, rolledBack: true } : status;
    },
    rollBack: async (options) => {
      const disk = await rebuild?.stateOf(nameOf(options), options.signal);
      if (disk === 'back') return switched.start(options);
      if (disk !== 'fresh') return null;
      return switched.offAndOn(options, async (whileOff) => rebuild?.goBack(nameOf(options), whileOff));
    },
    keep: async (options) => rebuild?.keep(options),
    identity: ({ signal }) => identityOf(target, signal),
    verify: async (options) => {
      await verify(target, readBootId, options);
      await rebuild?.verify(options.signal);
    },
    memoryBytes: ({ signal }) => memoryOf(target, signal),
    memoryUse: ({ signal }) => memoryUseOf(target, signal),
    output: () => `virsh -c ${uri} console ${domain}`,
    capabilities: () => ({ graceful: true, reset: hasReset }),
  };
}

/** Null where the guest is never asked. */
function readerOf(target: Target, incarnation: LibvirtDriverConfig['incarnation']): BootIdReader | null {
  if (incarnation.type === 'domain') return null;
  return incarnation.type === 'guest-agent' ? guestAgentReader(target) : bootIdReader(incarnation);
}

interface Info {
  power: Sight['power'];
  /** libvirt's id of what runs, or null. */
  id: string | null;
  persistent: boolean;
  uuid: string;
}

async function infoOf(target: Target, signal: AbortSignal): Promise<Info> {
  const text = await virsh(target, ['dominfo', target.domain], signal).catch((error: unknown) => {
    // Last comes the security label. That of a container is refused until libvirt has heard which process its init is, and it may miss that.
    if (error instanceof VirshRefusal && error.stdout.includes('Managed save:')) return error.stdout;
    throw error;
  });
  const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const state = field('State');
  const id = /^\d+$/.test(field('Id')) ? field('Id') : null;
  if (state === '') throw new Error(`"virsh dominfo" does not tell the state of ${target.domain}`);
  // Off it may be, but its next start would go on with the memory that it had.
  if (state === 'shut off' && field('Managed save') === 'yes') throw isSaved(target);
  const power = state === 'shut off' ? 'off' : state === 'crashed' ? 'crashed' : 'on';
  return { power, id, persistent: field('Persistent') !== 'no', uuid: field('UUID') };
}

/** Xen reboots a guest by building another one: libvirt then says that it is shut off, for seconds, and that a job is under way. */
async function settledInfoOf(target: Target, signal: AbortSignal): Promise<Info> {
  const info = await infoOf(target, signal);
  if (info.power !== 'off' || !isXen(target.uri)) return info;
  const job = await virsh(target, ['domjobinfo', target.domain], signal);
  if (!/^Job type:\s+None/m.test(job)) throw domainBusy(target);
  // It may have ended between the two.
  return infoOf(target, signal);
}

/** The instance first: of two that are looked at while one ends, the boot id must not be the older. */
async function look(target: Target, readBootId: BootIdReader | null, signal: AbortSignal): Promise<Sight> {
  const { power, id } = await settledInfoOf(target, signal);
  if (power !== 'on') return { power, incarnation: null };
  const bootId = await readBootId?.(signal).catch(() => null);
  signal.throwIfAborted();
  return { power, incarnation: incarnationOf(id ?? '', bootId) };
}

async function verify(target: Target, readBootId: BootIdReader | null, { signal }: OperationOptions): Promise<void> {
  const { power, persistent } = await infoOf(target, signal).catch((error: unknown) => {
    if (!(error instanceof OperatorError) || error.code !== 'DOMAIN_UNKNOWN') throw error;
    throw new OperatorError(error.code, error.message, error.remedy, { status: error.status, cause: error });
  });
  if (!persistent) throw isTransient(target);
  if (power === 'on' && readBootId !== null) await mustTell(target.machine, readBootId, signal);
}

/** A domain that was copied to another host may have kept its UUID. */
async function identityOf(target: Target, signal: AbortSignal): Promise<string> {
  const { uuid } = await infoOf(target, signal);
  return `libvirt ${uuid} of ${(await virsh(target, ['hostname'], signal)).trim()}`;
}

/** `rss` is of the host's process or control group; Xen, which has none, tells what the guest has been given. */
async function memoryOf(target: Target, signal: AbortSignal): Promise<number | null> {
  const { rss, actual } = await memoryStatistics(target, signal);
  return rss ?? actual ?? null;
}

/**
 * As the guest's balloon driver tells, where it has one. `rss` is no measure of it, as memory that the guest has touched once does not
 * come back, and `unused` is none either, as it counts caches as used.
 */
async function memoryUseOf(target: Target, signal: AbortSignal): Promise<MemoryUse | null> {
  const { available, usable } = await memoryStatistics(target, signal);
  return available === undefined || usable === undefined ? null : { usedBytes: available - usable, limitBytes: available };
}

/** `virsh dommemstat`, in bytes; empty when it tells nothing. */
async function memoryStatistics(target: Target, signal: AbortSignal): Promise<Partial<Record<string, number>>> {
  const text = await virsh(target, ['dommemstat', target.domain], signal).catch((error: unknown) => {
    if (error instanceof OperatorError) throw error;
    return '';
  });
  const lines = [...text.matchAll(/^(\w+) (\d+)$/gm)];
  return Object.fromEntries(lines.map(([, name, kibibytes]) => [name ?? '', Number(kibibytes) * 1024]));
}

function isTransient({ machine, domain }: Target): OperatorError {
  return new OperatorError(
    'MACHINE_NOT_STARTABLE',
    `The domain ${domain} of machine ${machine} is transient: libvirt forgets it when it ends.`,
    'Make it persistent by "virsh define".',
  );
}
