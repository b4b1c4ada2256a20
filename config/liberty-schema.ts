// What vm-rejuv.yaml may say of sessions in Open Liberty or WebSphere Liberty.

import { resolve } from 'node:path';
import { z } from 'zod';
import { contexts, loseContexts, refuseBoth } from './context-schema.js';
import * as defaults from './defaults.js';
import { canary, fileOrNull, matching, oneRequestAtATime, secret } from './fields.js';
import { exampleOf, PLACEHOLDERS } from './machine-address.js';

const HOST = 'the id of a virtualHost element, such as default_host';
const URL_OF_METRICS = `an http or https URL, such as https://{host}:9443/metrics, ${PLACEHOLDERS}`;
const URL_OF_HEALTH = `an http or https URL, such as http://{host}:5701/hazelcast/health, ${PLACEHOLDERS}`;
const CLUSTER = 'the cluster-name of hazelcast.xml, or null where its members are not to be asked for their caches';
const LOGIN = '{ user: NAME, password: { env: NAME } }, or null where authentication is off';
const SETTLE = `milliseconds, a whole number up to ${defaults.MAX_SETTLE_MS}`;
/** Names stand in SQL unquoted, as Liberty writes them. */
const TABLE = 'the name of a table, such as sessions';

const settle = z.number(SETTLE).int(SETTLE).max(defaults.MAX_SETTLE_MS, SETTLE);

export const libertySchema = z
  .strictObject({
    mechanism: z.literal('liberty'),
    contexts,
    loseContexts,
    virtualHost: matching(/^\S+$/, HOST).default('default_host'),
    metrics: z.strictObject(
      {
        url: z.string(URL_OF_METRICS).refine(isUrl, URL_OF_METRICS),
        login: z.strictObject({ user: z.string('the name of a user').min(1), password: secret }, LOGIN).nullable(),
        caFile: fileOrNull,
      },
      '{ url: URL, login: { user: NAME, password: { env: NAME } } }',
    ),
    // Servers have been seen to take some 20 ms.
    settleMs: settle.min(defaults.SETTLE_MS, `at least ${defaults.SETTLE_MS}`).default(defaults.SETTLE_MS),
    busySettleMs: settle.min(0, SETTLE).default(defaults.BUSY_SETTLE_MS),
    database: z
      .strictObject(
        {
          url: secret,
          table: matching(/^([A-Za-z_][\w$]*\.)?[A-Za-z_][\w$]*$/, TABLE).default('sessions'),
        },
        '{ url: { env: NAME } } of PostgreSQL, or null',
      )
      .nullable()
      .default(null),
    hazelcast: z
      .strictObject(
        {
          url: z.string(URL_OF_HEALTH).refine(isUrl, URL_OF_HEALTH),
          cluster: z.string(CLUSTER).min(1, CLUSTER).nullable().default(defaults.HAZELCAST_CLUSTER),
        },
        '{ url: URL, cluster: NAME }, or null for none',
      )
      .nullable()
      .default(null),
    oneRequestAtATime,
    canary,
  })
  .superRefine(refuseBoth);

type LibertyFile = z.output<typeof libertySchema>;

/** Relative paths are relative to the file that names them. */
export function resolveLibertyPaths({ metrics }: LibertyFile, base: string): void {
  if (metrics.caFile !== null) metrics.caFile = resolve(base, metrics.caFile);
}

function isUrl(text: string): boolean {
  const example = exampleOf(text);
  if (example === null || !/^https?:\/\//.test(example) || !URL.canParse(example)) return false;
  const { username, password } = new URL(example);
  return username + password === '';
}
