// What vm-rejuv.yaml may say of how sessions are handed over, and where Tomcat stores them.

import { z } from 'zod';
import { contexts, loseContexts, refuseBoth, refuseCanaryElsewhere } from './context-schema.js';
import * as defaults from './defaults.js';
import {
  canary,
  loseSingleSignOn,
  matching,
  milliseconds,
  oneRequestAtATime,
  path,
  patternWithGroup,
  secret,
  someMilliseconds,
} from './fields.js';
import { libertySchema } from './liberty-schema.js';
import { wildflySchema } from './wildfly-schema.js';

/** Names stand in SQL unquoted, as Tomcat writes them. */
const column = matching(/^[A-Za-z_][\w$]*$/, 'the name of a column: letters, digits, "_" or "$"');
export const table = matching(/^([A-Za-z_][\w$]*\.)?[A-Za-z_][\w$]*$/, 'the name of a table, such as tomcat_sessions_a');

const store = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('file') }),
    z.strictObject({
      type: z.literal('data-source'),
      url: secret,
      columns: z
        .strictObject({
          id: column.default('id'),
          app: column.default('app'),
          data: column.default('data'),
          valid: column.default('valid'),
          maxInactive: column.default('maxinactive'),
          lastAccessed: column.default('lastaccess'),
        })
        .prefault({}),
    }),
  ],
  '{ type: file }, or { type: data-source, url: { env: NAME } }',
);

/** What each machine must name for a store to be its own. */
export const STORE_FIELDS = {
  file: ['sessionDirectory', "the directory of this machine's FileStore, as the worker sees it (needed by store: file)"],
  'data-source': ['sessionTable', "the table of this machine's DataSourceStore (needed by store: data-source)"],
} as const;

const HOST = 'the name of a Host element of server.xml, such as localhost';
const virtualHost = matching(/^[\w.-]+$/, HOST).default('localhost');

const manager = z.strictObject(
  { user: z.string(), password: secret, path: path.default('/manager') },
  '{ user: NAME, password: { env: NAME } }',
);
/** One of these, told apart by `mechanism`. */
export const sessionsSchema = z.discriminatedUnion(
  'mechanism',
  [
    z
      .strictObject({
        mechanism: z.literal('tomcat-swap'),
        contexts,
        loseContexts,
        virtualHost,
        store,
        manager,
        loseSingleSignOn,
        oneRequestAtATime,
        canary: z
          .strictObject(
            { path, attributes: z.array(z.string(), 'a list of session attributes, such as [cart]').default([]) },
            '{ path: PATH, attributes: [NAME] }, or null for none',
          )
          .nullable()
          .default(null),
      })
      .superRefine(refuseBoth)
      .superRefine(refuseCanaryElsewhere),
    z
      .strictObject({
        mechanism: z.literal('tomcat-cluster'),
        contexts,
        loseContexts,
        virtualHost,
        manager,
        loseSingleSignOn,
        // What one request changes overtakes what another does: docs/servers/tomcat-cluster.md.
        oneRequestAtATime: oneRequestAtATime.default(true),
        canary,
      })
      .superRefine(refuseBoth)
      .superRefine(refuseCanaryElsewhere),
    z.strictObject({
      mechanism: z.literal('shared-store'),
      settleMs: milliseconds.max(defaults.MAX_SETTLE_MS).default(defaults.SETTLE_MS),
      oneRequestAtATime,
      canary: z
        .strictObject(
          { path, shows: patternWithGroup.nullable().default(null), form: path.nullable().default(null) },
          '{ path: PATH, shows: PATTERN, form: PATH }, or null for none',
        )
        .nullable()
        .default(null),
    }),
    libertySchema,
    wildflySchema,
    z.strictObject({
      mechanism: z.literal('none'),
      idleMs: someMilliseconds.default(defaults.NONE_IDLE_MS),
      oneRequestAtATime,
    }),
  ],
  'a mapping with mechanism, such as { mechanism: none }',
);
