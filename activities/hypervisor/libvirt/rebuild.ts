// A restart by a fresh disk: while the domain is off, one disk becomes a new overlay of an image. That of before is kept, to go back to.

import { dirname, join } from 'node:path';
import { OperatorError } from '../../../config/operator-error.js';
import type { LibvirtRebuild } from '../../../config/types.js';
import { isTold } from '../incarnation.js';
import { Definition } from './definition.js';
import type { Target } from './errors.js';
import { virsh } from './virsh.js';

export class Rebuild {
  constructor(
    private readonly target: Target,
    private readonly config: LibvirtRebuild,
  ) {}

  /** Throws what would keep a rebuild from being done. Changes nothing. */
  async verify(signal: AbortSignal): Promise<void> {
    const definition = await Definition.read(this.target, signal);
    await this.poolOf(this.diskOf(definition), signal);
    await this.imageOf(signal);
  }

  /**
   * Gives the domain, which is off, a fresh disk. Not a second time for the end of the same incarnation, which a boot id names for ever;
   * of one that was not told, each attempt makes its own.
   */
  async renew(ended: string, signal: AbortSignal): Promise<void> {
    const definition = await Definition.read(this.target, signal);
    if (definition.note?.ended === ended && isTold(ended)) return;
    const from = this.diskOf(definition);
    const fresh = await this.createOverlay(definition.name, from, signal);
    definition.replace(this.config.disk, fresh, { ended, from, isBack: false });
    await definition.write(this.target, signal);
  }

  /** What this restart has made of the disk; null when it has made nothing of it. */
  async disk(ended: string, signal: AbortSignal): Promise<'fresh' | 'of-before' | null> {
    const { note } = await Definition.read(this.target, signal);
    if (note?.ended !== ended) return null;
    return note.isBack ? 'of-before' : 'fresh';
  }

  /** Gives the domain, which is off, the disk of before. */
  async goBack(ended: string, signal: AbortSignal): Promise<void> {
    const definition = await Definition.read(this.target, signal);
    const { note } = definition;
    if (note?.ended !== ended || note.isBack) return;
    definition.replace(this.config.disk, note.from, { ...note, isBack: true });
    await definition.write(this.target, signal);
  }

  /** Two take turns, so that the one of before outlives the making of the next. What is left of earlier restarts gives way. */
  private async createOverlay(domain: string, from: string, signal: AbortSignal): Promise<string> {
    const pool = await this.poolOf(from, signal);
    const { capacity, format } = await this.imageOf(signal);
    const [first, second] = [1, 2].map((turn) => `${domain}.rebuilt-${turn}.qcow2`) as [string, string];
    const name = from.endsWith(`/${first}`) ? second : first;
    await virsh(this.target, ['pool-refresh', pool], signal);
    if (await this.has(pool, name, signal)) await virsh(this.target, ['vol-delete', '--pool', pool, name], signal);
    const behind = ['--backing-vol', this.config.image, '--backing-vol-format', format];
    await virsh(this.target, ['vol-create-as', pool, name, capacity, '--format', 'qcow2', ...behind], signal);
    return join(dirname(from), name);
  }

  private async has(pool: string, volume: string, signal: AbortSignal): Promise<boolean> {
    const listed = await virsh(this.target, ['vol-list', pool], signal);
    return listed.split('\n').some((line) => line.trim().split(/\s+/)[0] === volume);
  }

  private diskOf(definition: Definition): string {
    const { disk } = this.config;
    return definition.disk(disk) ?? this.refuse('disk', `the domain has no disk ${disk} that is a file of format qcow2`);
  }

  private async poolOf(file: string, signal: AbortSignal): Promise<string> {
    const pool = (await this.answer(['vol-pool', file], signal))?.trim();
    return pool || this.refuse('disk', `no storage pool of libvirt's has ${file}`);
  }

  private async imageOf(signal: AbortSignal): Promise<{ capacity: string; format: string }> {
    const { image } = this.config;
    const text = (await this.answer(['vol-dumpxml', image], signal)) ?? '';
    const capacity = /<capacity unit='bytes'>(\d+)</.exec(text)?.[1];
    const format = /<format type='(\w+)'/.exec(text)?.[1];
    if (capacity === undefined || format === undefined)
      return this.refuse('image', `no storage pool of libvirt's has ${image}, or it is no image of a disk`);
    return { capacity, format };
  }

  /** Null when virsh refuses. */
  private async answer(args: string[], signal: AbortSignal): Promise<string | null> {
    return virsh(this.target, args, signal).catch((error: unknown) => {
      if (error instanceof OperatorError) throw error;
      return null;
    });
  }

  private refuse(field: 'disk' | 'image', why: string): never {
    throw new OperatorError(
      'REBUILD_IMPOSSIBLE',
      `Machine ${this.target.machine} could not be rebuilt: ${why} (driver.rebuild.${field}).`,
      `Correct driver.rebuild.${field}; what makes a directory a storage pool stands in docs/hypervisors.md.`,
    );
  }
}
