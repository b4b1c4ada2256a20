// What vm-rejuv.yaml may say of who gives a machine its power: a process of the host, libvirt or vSphere.

import { z } from 'zod';
import * as defaults from './defaults.js';
import { fileOrNull, matching, milliseconds, refuse, secret, someMilliseconds } from './fields.js';

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

/** One of the three, told apart by `type`. */
export const driverSchema = z.discriminatedUnion(
  'type',
  [processDriver, libvirtDriver.refine(tellsBoots, { path: ['incarnation'], error: TELLS_BOOTS }), vsphereDriver],
  '{ type: process, command: [PROGRAM, ARGUMENT], stateDirectory: PATH }, { type: libvirt, uri: URI, domain: NAME } or { type: vsphere, url: URL, user: NAME, password: { env: NAME }, vm: PATH }',
);
