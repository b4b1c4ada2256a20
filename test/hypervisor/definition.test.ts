import { expect, test } from 'vitest';
import type { RebuildNote } from '../../activities/hypervisor/libvirt/definition.js';
import { Definition } from '../../activities/hypervisor/libvirt/definition.js';

const XML = `<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>tomcat-a</name>
  <metadata><app:own xmlns:app='urn:somebody'>kept</app:own></metadata>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='/images/a.qcow2' index='2'/>
      <backingStore type='file'><format type='raw'/><source file='/images/base.raw'/></backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/images/data.raw'/><target dev='vdb'/></disk>
    <disk type='file' device='cdrom'><driver name='qemu' type='qcow2'/><target dev='sda'/></disk>
    <graphics type='vnc' passwd='secret'/>
  </devices>
  <qemu:commandline><qemu:arg value='-device'/></qemu:commandline>
</domain>`;
const NOTE: RebuildNote = { restart: 'run', disk: 'vda', from: '/images/a.qcow2', state: 'fresh' };

test('the file of a disk is told by its target, where it is one that can be an overlay', () => {
  const definition = Definition.parse(XML);

  expect(definition.name).toBe('tomcat-a');
  expect(['vda', 'vdb', 'sda', 'vdz'].map((device) => definition.disk(device))).toEqual(['/images/a.qcow2', null, null, null]);
  expect(definition.note).toBeNull();
});

test('a disk is replaced with a note of it, and nothing else is', () => {
  const definition = Definition.parse(XML);
  definition.replace('/images/b.qcow2', NOTE);
  const written = Definition.parse(definition.toString());

  expect(written.disk('vda')).toBe('/images/b.qcow2');
  expect(written.note).toEqual(NOTE);
  const before = XML.replace('/images/a.qcow2', '/images/b.qcow2').replace(/<backingStore.*<\/backingStore>/, '');
  const after = definition.toString().replace(/<vm-rejuv:rebuild.*?\/>/, '');
  expect(Definition.parse(after).toString()).toBe(Definition.parse(before).toString());
});

test('the last note is the only one, also where there were no metadata', () => {
  const definition = Definition.parse(XML.replace(/<metadata>.*<\/metadata>/, ''));
  definition.replace('/images/b.qcow2', NOTE);
  definition.replace(NOTE.from, { ...NOTE, state: 'back' });

  expect(definition.note).toEqual({ ...NOTE, state: 'back' });
  expect(definition.toString().match(/vm-rejuv:rebuild /g)).toHaveLength(1);
  expect(definition.disk('vda')).toBe(NOTE.from);
});
