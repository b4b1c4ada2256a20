// What vm-rejuv.yaml may contain, with its defaults. Secrets are named, never contained.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { addressLike, parseAddress } from './address.js';
import * as defaults from './defaults.js';
import { NAME, NAME_LIKE } from './name.js';
import { originLike, parseOrigin } from './origin.js';
import { monitorSchema } from './monitor-schema.js';
import { policySchema } from './policy-schema.js';
import { sessionIdSchema } from './session-id-schema.js';

/** Text of this form; the message says what is allowed, also in place of something that is no text. */
const matching = (pattern: RegExp, allowed: string): z.ZodString => z.string(allowed).regex(pattern, allowed);

const name = matching(NAME, NAME_LIKE);
const upTo = z.number().int().max(defaults.MAX_TIMER_MS);
const milliseconds = upTo.min(0);
/** Where none at all would make no sense. */
const someMilliseconds = upTo.min(1);
const count = z.number().int().min(1);
const path = matching(/^\//, 'a path that begins with "/"');

const ADDRESS = addressLike('127.0.0.1:8080');
const address = z.string(ADDRESS).transform((text, context) => parseAddress(text) ?? refuse(context, ADDRESS));

const TEMPORAL_ADDRESS = addressLike(defaults.TEMPORAL_ADDRESS);
const temporalAddress = z.string(TEMPORAL_ADDRESS).refine((text) => parseAddress(text) !== null, TEMPORAL_ADDRESS);

/** `orNull` is said where null is allowed, too. */
const origin = (example: string, orNull = ''): z.ZodType<string> => {
  const allowed = originLike(example) + orNull;
  return z.string(allowed).transform((text, context) => parseOrigin(text) ?? refuse(context, allowed));
};

const PEER = 'an address or a CIDR block, such as 10.0.0.0/8';
const peer = z.string(PEER).refine((text) => {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
  return rest.length === 0 && bits > 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
}, PEER);

const SECRET = '{ env: NAME } of an environment variable, or { file: PATH }';
const oneSecret = (found: { env?: string | undefined; file?: string | undefined }): boolean =>
  (found.env === undefined) !== (found.file === undefined);
const secret = z
  .strictObject(
    {
      env: z.string('the name of an environment variable').min(1).optional(),
      file: z.string('the path of a file').min(1).optional(),
    },
    SECRET,
  )
  .refine(oneSecret, SECRET);

const processDriver = z.strictObject({
  type: z.literal('process'),
  command: z.array(z.string(), 'a list of a program and its arguments, such as [/opt/tomcat/bin/catalina.sh, run]').min(1),
  cwd: z.string().default('.'),
  env: z.record(z.string(), z.string(), 'a mapping of variables to text, such as { JAVA_HOME: /opt/jdk }').default({}),
  stateDirectory: z.string('the path of a directory'),
  stopTimeoutMs: milliseconds.default(defaults.STOP_TIMEOUT_MS),
});

const HTTP_URL = 'an http or https URL without a password, such as http://10.0.0.5/boot-id';
const httpUrl = z.string(HTTP_URL).refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username + url.password === '';
}, HTTP_URL);

/** What begins with "-" would be an option of the SSH client's. */
const sshWord = (what: string): z.ZodString =>
  matching(/^[^-\s@][^\s@]*$/, `${what}, which holds no "@" and does not begin with "-"`);
const fileOrNull = z.string('the path of a file, or null').min(1).nullable().default(null);

const byHttp = z.strictObject({ type: z.literal('http'), url: httpUrl });
const bySsh = z.strictObject({
  type: z.literal('ssh'),
  host: sshWord('a host name or address'),
  user: sshWord('the name of a user').nullable().default(null),
  port: z.number().int().min(1).max(65_535).nullable().default(null),
  identityFile: fileOrNull,
  knownHostsFile: fileOrNull,
});
const byGuestAgent = z.strictObject({ type: z.literal('guest-agent') });
const byDomain = z.strictObject({ type: z.literal('domain') });
const byBootTime = z.strictObject({ type: z.literal('boot-time') });

const rebuild = z.strictObject(
  {
    disk: matching(/^[a-z]+$/, 'the target of a disk, such as vda'),
    image: matching(/^\/[^\n]+$/, 'the whole path of an image on the hypervisor'),
  },
  '{ disk: TARGET, image: PATH }, or null',
);

const libvirtDriver = z
  .strictObject({
    type: z.literal('libvirt'),
    uri: matching(
      /^[a-z]+(\+[a-z0-9]+)?:\/\/\S*$/,
      "a connection URI of libvirt's, such as qemu:///system or qemu+ssh://root@host/system",
    ),
    // virsh takes digits for the id of a running domain, which changes, and "-" for an option.
    domain: matching(/^(?!\d+$)[^-\s][^\n]*$/, 'the name or UUID of a domain, neither all digits nor beginning with "-"'),
    incarnation: z
      .discriminatedUnion(
        'type',
        [byGuestAgent, byHttp, bySsh, byDomain],
        '{ type: guest-agent }, { type: http, url: URL }, { type: ssh, host: HOST } or { type: domain }',
      )
      .default({ type: 'guest-agent' }),
    restart: z.enum(['reboot', 'rebuild']).default('reboot'),
    rebuild: rebuild.nullable().default(null),
    stopTimeoutMs: someMilliseconds.default(defaults.STOP_TIMEOUT_MS),
  })
  .refine(({ restart, rebuild: fresh }) => restart === 'reboot' || fresh !== null, {
    ...{ path: ['rebuild'], error: '{ disk: TARGET, image: PATH } (needed by restart: rebuild)' },
  })
  .refine(({ restart, rebuild: fresh }) => restart === 'rebuild' || fresh === null, {
    ...{ path: ['restart'], error: 'rebuild, or no driver.rebuild' },
  });

const TELLS_BOOTS =
  '{ type: http, url: URL } or { type: ssh, host: HOST }: what Virtuozzo calls the id of a domain stays the same when it boots';
const tellsBoots = ({ uri, incarnation }: z.output<typeof libvirtDriver>): boolean =>
  incarnation.type !== 'domain' || !/^(vz|parallels)[+:]/.test(uri);

const VSPHERE_URL = 'the https URL of vCenter or of an ESXi host, without a password, such as https://vcenter.example';
const vsphereUrl = z.string(VSPHERE_URL).transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.username + url.password + url.search + url.hash !== '')
    return refuse(context, VSPHERE_URL);
  return url.pathname === '/' ? `${url.origin}/sdk` : url.href;
});

const vsphereDriver = z.strictObject({
  type: z.literal('vsphere'),
  url: vsphereUrl,
  user: z.string('the name of a user, such as vm-rejuv@vsphere.local').min(1),
  password: secret,
  caFile: fileOrNull,
  vm: matching(/^\/?[^/\s][^\n]*$/, 'an inventory path such as Datacenter/vm/tomcat-a, or an instance UUID'),
  incarnation: z
    .discriminatedUnion(
      'type',
      [byBootTime, byHttp, bySsh],
      '{ type: boot-time }, { type: http, url: URL } or { type: ssh, host: HOST }',
    )
    .default({ type: 'boot-time' }),
  stopTimeoutMs: someMilliseconds.default(defaults.STOP_TIMEOUT_MS),
});

const driver = z.discriminatedUnion(
  'type',
  [processDriver, libvirtDriver.refine(tellsBoots, { path: ['incarnation'], error: TELLS_BOOTS }), vsphereDriver],
  '{ type: process, command: [PROGRAM, ARGUMENT], stateDirectory: PATH }, { type: libvirt, uri: URI, domain: NAME } or { type: vsphere, url: URL, user: NAME, password: { env: NAME }, vm: PATH }',
);

/** Names stand in SQL unquoted, as Tomcat writes them. */
const column = matching(/^[A-Za-z_][\w$]*$/, 'the name of a column: letters, digits, "_" or "$"');
const table = matching(/^([A-Za-z_][\w$]*\.)?[A-Za-z_][\w$]*$/, 'the name of a table, such as tomcat_sessions_a');

const machine = z.strictObject(
  {
    name,
    url: origin('http://10.0.0.5:8080'),
    driver,
    sessionDirectory: z.string('the path of a directory').optional(),
    sessionTable: table.optional(),
  },
  'a mapping with name, url and driver',
);

type Machine = z.output<typeof machine>;

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
const STORE_FIELDS = {
  file: ['sessionDirectory', "the directory of this machine's FileStore, as the worker sees it (needed by store: file)"],
  'data-source': ['sessionTable', "the table of this machine's DataSourceStore (needed by store: data-source)"],
} as const;

const sessions = z.discriminatedUnion(
  'mechanism',
  [
    z.strictObject({
      mechanism: z.literal('tomcat-swap'),
      contexts: z
        .array(
          matching(/^(\/[^\s/]+)*$/, 'a context path such as /shop, or "" for the root'),
          'a list of at least one context path, such as [/shop]',
        )
        .min(1),
      store,
      manager: z.strictObject(
        { user: z.string(), password: secret, path: path.default('/manager') },
        '{ user: NAME, password: { env: NAME } }',
      ),
      canary: z
        .strictObject(
          { path, attributes: z.array(z.string(), 'a list of session attributes, such as [cart]').default([]) },
          '{ path: PATH, attributes: [NAME] }, or null for none',
        )
        .nullable()
        .default(null),
    }),
    z.strictObject({
      mechanism: z.literal('shared-store'),
      settleMs: milliseconds.max(defaults.MAX_SETTLE_MS).default(defaults.SETTLE_MS),
      canary: z.strictObject({ path }, '{ path: PATH }, or null for none').nullable().default(null),
    }),
    z.strictObject({ mechanism: z.literal('none'), idleMs: someMilliseconds.default(defaults.NONE_IDLE_MS) }),
  ],
  'a mapping with mechanism, such as { mechanism: none }',
);

const limits = z
  .strictObject({
    holdBudgetMs: milliseconds.max(defaults.MAX_HOLD_BUDGET_MS).default(defaults.HOLD_BUDGET_MS),
    holdMaxMs: someMilliseconds.default(defaults.HOLD_MAX_MS),
    maxHeldRequests: count.default(defaults.MAX_HELD_REQUESTS),
    batchSize: count.max(10_000).default(defaults.BATCH_SIZE),
    requestTimeoutMs: someMilliseconds.default(defaults.REQUEST_TIMEOUT_MS),
    maxConnections: count.default(defaults.MAX_CONNECTIONS),
    drain: z
      .strictObject({
        limitMs: milliseconds.default(defaults.DRAIN_LIMIT_MS),
        policy: z.enum(['wait', 'force', 'stop']).default('wait'),
      })
      .prefault({}),
  })
  .superRefine(atLeast('holdMaxMs', 'holdBudgetMs'));

const pool = z
  .strictObject(
    {
      machines: z.tuple([machine, machine], 'a list of exactly two machines, an active and a standby one'),
      standby: z.enum(['hot', 'cold']).default('hot'),
      sessionId: sessionIdSchema.prefault({}),
      sessions,
      health: z
        .strictObject(
          {
            path,
            status: z.number().int().min(100).max(599).default(200),
            intervalMs: someMilliseconds.default(defaults.HEALTH_INTERVAL_MS),
            timeoutMs: someMilliseconds.default(defaults.HEALTH_TIMEOUT_MS),
            bootTimeoutMs: someMilliseconds.default(defaults.BOOT_TIMEOUT_MS),
          },
          'a mapping with path, such as { path: /shop/health }',
        )
        .superRefine(atLeast('bootTimeoutMs', 'timeoutMs')),
      limits: limits.prefault({}),
      policy: policySchema.nullable().default(null),
      monitor: monitorSchema.prefault({}),
    },
    'a mapping with machines, sessions and health',
  )
  .superRefine(({ machines, sessions: mechanism }, context) => {
    if (machines[0].name === machines[1].name) {
      const message = 'a name that the first machine does not have: the two must be different machines';
      context.addIssue({ code: 'custom', path: ['machines', 1, 'name'], message });
    }
    if (mechanism.mechanism !== 'tomcat-swap') return;
    const [field, message] = STORE_FIELDS[mechanism.store.type];
    for (const [index, each] of machines.entries()) {
      if (each[field] === undefined) context.addIssue({ code: 'custom', path: ['machines', index, field], message });
    }
  });

const POOLS = 'a mapping of at least one pool, by name';

export const configSchema = z.strictObject({
  proxy: z
    .strictObject({
      name: name.default('proxy'),
      listen: address.default(defaults.PROXY_LISTEN),
      admin: address.default(defaults.PROXY_ADMIN),
      adminUrl: origin('http://proxy-1:8081', ', or null where the admin API listens').nullable().default(null),
      trustedPeers: z.array(peer, 'a list of addresses or CIDR blocks, such as [10.0.0.0/8]').default([]),
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
    .record(name, pool, POOLS)
    .refine((pools) => Object.keys(pools).length > 0, POOLS)
    .superRefine(refuseSharedMachines),
});

/** Refuses a `longer` that ends before `shorter`, which is a part of it, could. */
function atLeast<Longer extends string, Shorter extends string>(
  longer: Longer,
  shorter: Shorter,
): (fields: Record<Longer | Shorter, number>, context: z.RefinementCtx) => void {
  return (fields, context) => {
    if (fields[longer] >= fields[shorter]) return;
    context.addIssue({ code: 'custom', path: [longer], message: `at least ${fields[shorter]}, which is ${shorter}` });
  };
}

function refuse(context: z.RefinementCtx, allowed: string): typeof z.NEVER {
  context.addIssue({ code: 'custom', message: allowed });
  return z.NEVER;
}

/** What tells one machine from another, over all pools: a restart of one must not meet another. */
const OWN_FIELDS = {
  url: (machine: Machine) => machine.url,
  sessionDirectory: ({ sessionDirectory }: Machine) => sessionDirectory && resolve(sessionDirectory),
  sessionTable: ({ sessionTable }: Machine) => sessionTable?.toLowerCase(),
  'driver.stateDirectory': ({ name: ofPool, driver: own }: Machine) =>
    own.type === 'process' ? resolve(own.stateDirectory, ofPool) : undefined,
  'driver.domain': ({ driver: own }: Machine) =>
    own.type === 'libvirt' ? `${own.domain} of ${own.uri.replace(/\/$/, '')}` : undefined,
  'driver.vm': ({ driver: own }: Machine) =>
    own.type === 'vsphere' ? `${own.vm.replace(/^\//, '').toLowerCase()} of ${own.url}` : undefined,
} as const;

function refuseSharedMachines(pools: Record<string, z.output<typeof pool>>, context: z.RefinementCtx): void {
  for (const [field, valueOf] of Object.entries(OWN_FIELDS)) {
    const seen = new Map<string, string>();
    for (const [poolName, { machines }] of Object.entries(pools)) {
      for (const [index, machine] of machines.entries()) {
        const value = valueOf(machine);
        // Two of one name in a pool are told as that, and their state directories are alike by it.
        if (value === undefined || (index === 1 && machine.name === machines[0].name)) continue;
        const other = seen.get(value);
        seen.set(value, `machine ${machines[index]?.name ?? ''} of pool ${poolName}`);
        if (other === undefined) continue;
        const message = `a ${field} that ${other} does not have: they must be different machines`;
        context.addIssue({ code: 'custom', path: [poolName, 'machines', index, ...field.split('.')], message });
      }
    }
  }
}

export type ConfigFile = z.output<typeof configSchema>;

/** Relative paths are relative to the file that names them. */
export function resolvePaths(file: ConfigFile, base: string): ConfigFile {
  for (const { machines } of Object.values(file.pools)) {
    for (const machine of machines) {
      resolveDriverPaths(machine.driver, base);
      if (machine.sessionDirectory !== undefined) machine.sessionDirectory = resolve(base, machine.sessionDirectory);
    }
  }
  return file;
}

function resolveDriverPaths(own: Machine['driver'], base: string): void {
  if (own.type === 'process') {
    own.cwd = resolve(base, own.cwd);
    own.stateDirectory = resolve(base, own.stateDirectory);
    return;
  }
  if (own.type === 'vsphere' && own.caFile !== null) own.caFile = resolve(base, own.caFile);
  if (own.incarnation.type !== 'ssh') return;
  for (const field of ['identityFile', 'knownHostsFile'] as const)
    if (own.incarnation[field] !== null) own.incarnation[field] = resolve(base, own.incarnation[field]);
}
