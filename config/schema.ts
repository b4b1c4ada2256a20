// What vm-rejuv.yaml may contain, with its defaults. Secrets are named, never contained.

import { isIP } from 'node:net';
import { z } from 'zod';
import { addressLike, parseAddress } from './address.js';
import * as defaults from './defaults.js';
import { name, origin, refuse } from './fields.js';
import { refuseSharedMachines } from './machine-schema.js';
import { poolSchema } from './pool-schema.js';

const ADDRESS = addressLike('127.0.0.1:8080');
const address = z.string(ADDRESS).transform((text, context) => parseAddress(text) ?? refuse(context, ADDRESS));

const TEMPORAL_ADDRESS = addressLike(defaults.TEMPORAL_ADDRESS);
const temporalAddress = z.string(TEMPORAL_ADDRESS).refine((text) => parseAddress(text) !== null, TEMPORAL_ADDRESS);

const PEER = 'an address or a CIDR block, such as 10.0.0.0/8';
const peer = z.string(PEER).refine((text) => {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
  return rest.length === 0 && bits > 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
}, PEER);

const POOLS = 'a mapping of at least one pool, by name';

export const configSchema = z.strictObject({
  proxy: z
    .strictObject({
      name: name.default('proxy'),
      listen: address.default(defaults.PROXY_LISTEN),
      admin: address.default(defaults.PROXY_ADMIN),
      adminUrl: origin('http://proxy-1:8081', ', or null where the admin API listens').nullable().default(null),
      trustedPeers: z.array(peer, 'a list of addresses or CIDR blocks, such as [10.0.0.0/8]').default([]),
      balancedBySession: z.boolean().default(false),
    })
    .prefault({}),
  temporal: z
    .strictObject({
      address: temporalAddress.optional(),
      namespace: z.string().min(1).default(defaults.TEMPORAL_NAMESPACE),
      taskQueue: z.string().min(1).default(defaults.TASK_QUEUE),
    })
    .prefault({}),
  pools: z
    .record(name, poolSchema, POOLS)
    .refine((pools) => Object.keys(pools).length > 0, POOLS)
    .superRefine(refuseSharedMachines),
});

export type ConfigFile = z.output<typeof configSchema>;
