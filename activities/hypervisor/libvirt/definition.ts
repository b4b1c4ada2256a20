// The XML by which libvirt knows a domain that is off: where one of its disks is, and what a rebuild has noted there.

import type { Document, Element } from '@xmldom/xmldom';
import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import type { Target } from './errors.js';
import { virsh } from './virsh.js';

/** Of the element in a domain's metadata; libvirt asks each application for a namespace of its own. */
const NAMESPACE = 'urn:vm-rejuv:rebuild';

/** Written together with the disk that it speaks of, so an attempt that comes later knows how far the last one came. */
export interface RebuildNote {
  /** Which restart has made it. */
  restart: string;
  /** The device whose file it is about, such as vda. */
  disk: string;
  /** The last file that the machine has got ready from before. */
  from: string;
  /** `kept`: the machine has got ready from the fresh disk. `back`: it has the one of before again. */
  state: 'fresh' | 'kept' | 'back';
}

export class Definition {
  private constructor(private readonly document: Document) {}

  static async read(target: Target, signal: AbortSignal): Promise<Definition> {
    // Without its secrets it would be defined without them.
    const text = await virsh(target, ['dumpxml', '--inactive', '--security-info', target.domain], signal);
    return Definition.parse(text);
  }

  static parse(text: string): Definition {
    return new Definition(new DOMParser().parseFromString(text, 'text/xml'));
  }

  get name(): string {
    return this.document.getElementsByTagName('name')[0]?.textContent ?? '';
  }

  /** The qcow2 file of the disk whose target is `device`, such as vda; null where there is none. */
  disk(device: string): string | null {
    const disk = this.diskOf(device);
    const format = disk?.getElementsByTagName('driver')[0]?.getAttribute('type');
    return (format === 'qcow2' && disk?.getElementsByTagName('source')[0]?.getAttribute('file')) || null;
  }

  get note(): RebuildNote | null {
    const [element] = this.document.getElementsByTagNameNS(NAMESPACE, 'rebuild');
    if (element === undefined) return null;
    const attribute = (name: string): string => element.getAttribute(name) ?? '';
    const state = (['kept', 'back'] as const).find((one) => one === attribute('state')) ?? 'fresh';
    return { restart: attribute('restart'), disk: attribute('disk'), from: attribute('from'), state };
  }

  /** Another file for the disk of the note. The domain has it once it is written. */
  replace(file: string, rebuild: RebuildNote): void {
    const disk = this.diskOf(rebuild.disk);
    disk?.getElementsByTagName('source')[0]?.setAttribute('file', file);
    // Of the disk of before; libvirt finds out by itself what is behind the new one.
    for (const behind of Array.from(disk?.getElementsByTagName('backingStore') ?? [])) behind.parentNode?.removeChild(behind);
    const [earlier] = this.document.getElementsByTagNameNS(NAMESPACE, 'rebuild');
    earlier?.parentNode?.removeChild(earlier);
    const note = this.document.createElementNS(NAMESPACE, 'vm-rejuv:rebuild');
    for (const [name, value] of Object.entries<string>({ ...rebuild })) note.setAttribute(name, value);
    this.metadata().appendChild(note);
  }

  /** The domain has another disk with its next start, and a note at once. Not by a file: it may hold passwords of consoles. */
  async write(target: Target, signal: AbortSignal): Promise<void> {
    await virsh(target, ['define', '/dev/stdin'], signal, { input: this.toString() });
  }

  toString(): string {
    return new XMLSerializer().serializeToString(this.document);
  }

  private diskOf(device: string): Element | undefined {
    const disks = Array.from(this.document.getElementsByTagName('disk'));
    return disks.find((disk) => disk.getElementsByTagName('target')[0]?.getAttribute('dev') === device);
  }

  private metadata(): Element {
    const [existing] = this.document.getElementsByTagName('metadata');
    if (existing !== undefined) return existing;
    const created = this.document.createElement('metadata');
    this.document.documentElement?.appendChild(created);
    return created;
  }
}
