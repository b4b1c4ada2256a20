// A restart by a fresh disk: while the domain is off, one disk becomes a new overlay of an image. That of before is kept, to go back to.

import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { OperatorError } from '../../../config/operator-error.js';
import type { LibvirtRebuild } from '../../../config/types.js';
import type { OperationOptions } from '../driver.js';
import type { Renewal } from '../switched.js';
import { Definition } from './definition.js';
import type { RebuildNote } from './definition.js';
import type { Target } from './errors.js';
import { VirshRefusal } from './errors.js';
import { virsh } from './virsh.js';

export class Rebuild implements Renewal {
  constructor(
    private readonly target: Target,
    private readonly config: LibvirtRebuild,
  ) {}

  /** Throws what would keep a rebuild from being done. Changes nothing. */
  async verify(signal: AbortSignal): Promise<void> {
    const disk = this.diskOf(await Definition.read(this.target, signal));
    if (disk === this.config.image) this.refuse('image', `${disk} is the disk itself`);
    await this.poolOf(disk, signal);
    await this.imageOf(signal);
  }

  /** What the restart of that name has made of the disk; null when it has made nothing of it. */
  async stateOf(restart: string, signal: AbortSignal): Promise<RebuildNote['state'] | null> {
    const { note } = await Definition.read(this.target, signal);
    return note?.restart === restart ? note.state : null;
  }

  async isDone(restart: string, signal: AbortSignal): Promise<boolean> {
    return (await this.stateOf(restart, signal)) !== null;
  }

  /** Each attempt makes a disk of its own, and nobody deletes one: a late attempt harms none that is in use. */
  async prepare(restart: string, options: OperationOptions): Promise<(whileOff: OperationOptions) => Promise<void>> {
    const { signal, guard } = options;
    const definition = await Definition.read(this.target, signal);
    const disk = this.diskOf(definition);
    const pool = await this.poolOf(disk, signal);
    const { capacity, format } = await this.imageOf(signal);
    const name = `${definition.name}.rebuilt-${randomUUID().slice(0, 8)}.qcow2`;
    await guard?.();
    const behind = ['--backing-vol', this.config.image, '--backing-vol-format', format];
    await virsh(this.target, ['vol-create-as', pool, name, capacity, '--format', 'qcow2', ...behind], signal);
    return async (whileOff) => {
      // Whoever has changed it while the machine went down meant it.
      const now = await Definition.read(this.target, whileOff.signal);
      const { note } = now;
      if (note?.restart === restart) return;
      // A fresh disk that the machine has not got ready from is nothing to go back to.
      const from = note?.state === 'fresh' && note.disk === this.config.disk ? note.from : this.diskOf(now);
      now.replace(join(dirname(disk), name), { restart, disk: this.config.disk, from, state: 'fresh' });
      await this.write(now, whileOff);
    };
  }

  /** The machine is ready: a fresh disk that it has, whoever made it, is one to go back to. */
  async keep(options: OperationOptions): Promise<void> {
    const definition = await Definition.read(this.target, options.signal);
    const { note } = definition;
    const disk = note && definition.disk(note.disk);
    if (note?.state !== 'fresh' || disk === null) return;
    definition.replace(disk, { ...note, state: 'kept' });
    await this.write(definition, options);
  }

  /** Gives the domain, which is off, the disk of before. */
  async goBack(restart: string, options: OperationOptions): Promise<void> {
    const definition = await Definition.read(this.target, options.signal);
    const { note } = definition;
    if (note?.restart !== restart || note.state !== 'fresh') return;
    definition.replace(note.from, { ...note, state: 'back' });
    await this.write(definition, options);
  }

  private async write(definition: Definition, { guard, signal }: OperationOptions): Promise<void> {
    await guard?.();
    await definition.write(this.target, signal);
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
      if (!(error instanceof VirshRefusal)) throw error;
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
