// What vm-rejuv.yaml may say of one machine, and that no two of all pools are the same one.

import { resolve } from 'node:path';
import { z } from 'zod';
import { driverSchema } from './driver-schema.js';
import { host, name, origin } from './fields.js';
import { table } from './sessions-schema.js';

export const machineSchema = z.strictObject(
  {
    name,
    url: origin('http://10.0.0.5:8080'),
    host: host.optional(),
    driver: driverSchema,
    sessionDirectory: z.string('the path of a directory').optional(),
    sessionTable: table.optional(),
  },
  'a mapping with name, url and driver',
);

export type MachineFile = z.output<typeof machineSchema>;

/** What tells one machine from another, over all pools: a restart of one must not meet another. */
const OWN_FIELDS = {
  url: (machine: MachineFile) => machine.url,
  sessionDirectory: ({ sessionDirectory }: MachineFile) => sessionDirectory && resolve(sessionDirectory),
  sessionTable: ({ sessionTable }: MachineFile) => sessionTable?.toLowerCase(),
  'driver.stateDirectory': ({ name: ofPool, driver: own }: MachineFile) =>
    own.type === 'process' ? resolve(own.stateDirectory, ofPool) : undefined,
  'driver.domain': ({ driver: own }: MachineFile) =>
    own.type === 'libvirt' ? `${own.domain} of ${own.uri.replace(/\/$/, '')}` : undefined,
  'driver.vm': ({ driver: own }: MachineFile) =>
    own.type === 'vsphere' ? `${own.vm.replace(/^\//, '').toLowerCase()} of ${own.url}` : undefined,
} as const;

/** Over all pools, by name: an issue for each field that tells a machine apart and says the same of two. */
export function refuseSharedMachines(pools: Record<string, { machines: MachineFile[] }>, context: z.RefinementCtx): void {
  for (const [field, valueOf] of Object.entries(OWN_FIELDS)) {
    const seen = new Map<string, string>();
    for (const [poolName, { machines }] of Object.entries(pools)) {
      for (const [index, machine] of machines.entries()) {
        const value = valueOf(machine);
        // Two of one name in a pool are told as that, and their state directories are alike by it.
        if (value === undefined || (index === 1 && machine.name === machines[0]?.name)) continue;
        const other = seen.get(value);
        seen.set(value, `machine ${machine.name} of pool ${poolName}`);
        if (other === undefined) continue;
        const message = `a ${field} that ${other} does not have: they must be different machines`;
        context.addIssue({ code: 'custom', path: [poolName, 'machines', index, ...field.split('.')], message });
      }
    }
  }
}
