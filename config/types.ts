// The validated configuration. Every field is present: defaults have been applied by config/load.ts.

import type { AgingPolicy } from '../aging/policy.js';
import type { SeriesKind } from '../aging/series.js';
import type { Policy } from '../policy/may-restart.js';
import type { RouteMarker } from './route-marker.js';

export interface Config {
  proxy: ProxyConfig;
  temporal: TemporalConfig;
  database: { url: string };
  /** Bearer token of the proxies' admin API. From VM_REJUV_ADMIN_TOKEN or a file, never from the YAML. */
  adminToken: string;
  pools: Record<string, PoolConfig>;
}

export interface ProxyConfig {
  /** Name of this proxy, unique per pool; a new incarnation of the same name is a restart of it. */
  name: string;
  listen: ListenAddress;
  admin: ListenAddress;
  /** Where workers reach the admin API when that is not where it listens (containers, NAT), or null. */
  adminUrl: string | null;
  /** Addresses or CIDR blocks of what stands in front of the proxy and may say by X-Forwarded-* how the client came. */
  trustedPeers: string[];
  /** What stands in front of several proxies of a pool sends all requests of a session to the same one. */
  balancedBySession: boolean;
}

export interface ListenAddress {
  host: string;
  port: number;
}

export interface TemporalConfig {
  address: string;
  /** False when nobody has given an address and `address` is the customary one. */
  addressIsGiven: boolean;
  namespace: string;
  taskQueue: string;
}

export interface PoolConfig {
  name: string;
  /** The first is active until the first clean restart says otherwise. */
  machines: [MachineConfig, MachineConfig];
  standby: 'hot' | 'cold';
  /** Where session ids travel. */
  sessionId: SessionIdConfig;
  sessions: SessionsConfig;
  health: HealthConfig;
  limits: LimitsConfig;
  /** When the pool is restarted by itself; null when nobody but an operator does that. */
  policy: Policy | null;
  /** How a supervised pool is watched. */
  monitor: MonitorConfig;
}

export interface MonitorConfig {
  /** Between two samples of a sampler. */
  intervalMs: number;
  /** What a sample may take. */
  timeoutMs: number;
  /** Threads of the JVM that count as all that it may have. */
  threadLimit: number;
  /** Memory of the process or guest, in bytes, that counts as all that it may have; null for what its hypervisor gives it, where that tells. */
  memoryLimit: number | null;
  /** Response time that counts as no service any more; null for limits.requestTimeoutMs, after which it is none. */
  tooSlowMs: number | null;
  /** How often the JVM is asked for a full collection, so that its heap can be told from garbage; null for never. */
  collectEveryMs: number | null;
  prometheus: PrometheusConfig[];
  /** How it is seen that the active machine has died or hangs: at so many looks in a row, so far apart. */
  down: { intervalMs: number; looks: number };
  detection: AgingPolicy;
  /** How many times faster than the machine's clock that of the monitor goes: above 1 only for demonstrations. */
  timeScale: number;
}

export interface PrometheusConfig {
  /** With {host} and {machine} for the machine's host and name. */
  url: string;
  metric: string;
  labels: Record<string, string>;
  kind: SeriesKind;
  /** Where it is exhausted, in the unit of the kind; null when that is not known, or another metric tells. */
  limit: number | null;
  limitMetric: string | null;
  /** What the metric's unit is multiplied by. */
  scale: number;
}

export interface MachineConfig<Driver extends DriverConfig = DriverConfig> {
  name: string;
  /** Origin that the proxy sends requests to, such as http://127.0.0.1:8180 */
  url: string;
  /** Host header of our own questions to it, where the application is in a virtual host that clients name; absent for that of `url`. */
  host?: string;
  driver: Driver;
  /** Tomcat with FileStore: this machine's own session directory, as the worker sees it. */
  sessionDirectory?: string;
  /** Tomcat with DataSourceStore: this machine's own session table. */
  sessionTable?: string;
}

export type DriverConfig = ProcessDriverConfig | LibvirtDriverConfig | VsphereDriverConfig;

export interface ProcessDriverConfig {
  type: 'process';
  command: string[];
  cwd: string;
  env: Record<string, string>;
  /** Where pid file and output file are kept. */
  stateDirectory: string;
  /** SIGTERM is followed by SIGKILL after this. */
  stopTimeoutMs: number;
}

export interface LibvirtDriverConfig {
  type: 'libvirt';
  /** Connection URI, such as qemu:///system or qemu+ssh://root@host/system. */
  uri: string;
  /** Name or UUID. */
  domain: string;
  /** Who tells one boot of the guest from the next. */
  incarnation: GuestAgentIncarnation | HttpIncarnation | SshIncarnation | DomainIncarnation;
  /** Whether a restart only boots the machine anew, or gives it a fresh disk as well. */
  restart: 'reboot' | 'rebuild';
  rebuild: LibvirtRebuild | null;
  /** How long the guest may take to do what it is asked: to end, or to reboot until it tells its boot id; then it is forced. */
  stopTimeoutMs: number;
}

export interface LibvirtRebuild {
  /** Target of the disk that a restart replaces, such as vda. */
  disk: string;
  /** Path, on the hypervisor, of the image that the fresh disk is an overlay of. */
  image: string;
}

export interface VsphereDriverConfig {
  type: 'vsphere';
  /** Of the API's endpoint, such as https://vcenter.example/sdk. */
  url: string;
  user: string;
  password: string;
  /** PEM file of the CA that has signed the server's certificate, in place of those that Node knows; null for these. */
  caFile: string | null;
  /** Inventory path, such as Datacenter/vm/tomcat-a, or instance UUID. */
  vm: string;
  /** Who tells one boot of the guest from the next. */
  incarnation: HttpIncarnation | SshIncarnation | BootTimeIncarnation;
  /** As libvirt's. */
  stopTimeoutMs: number;
}

/** QEMU's guest agent reads /proc/sys/kernel/random/boot_id. */
export interface GuestAgentIncarnation {
  type: 'guest-agent';
}

/** A GET answers 200 and a word that is another after each boot. */
export interface HttpIncarnation {
  type: 'http';
  url: string;
}

/** `cat /proc/sys/kernel/random/boot_id`; null leaves a field to the SSH client's own configuration. */
export interface SshIncarnation {
  type: 'ssh';
  host: string;
  user: string | null;
  port: number | null;
  identityFile: string | null;
  knownHostsFile: string | null;
}

/** Only libvirt's own id of the running domain: a restart has to switch it off and on. */
export interface DomainIncarnation {
  type: 'domain';
}

/** Only vSphere's time of the last power-on: a restart has to switch the machine off and on. */
export interface BootTimeIncarnation {
  type: 'boot-time';
}

export interface SessionIdConfig {
  /** Cookie names that carry session ids, such as JSESSIONID. */
  cookies: string[];
  /** Path parameter that carries the id (`;jsessionid=`), or null. */
  pathParameter: string | null;
  /** `asp-net`: a part of the path has the id, as in `/(S(ID))/` or, on Mono, `/(ID)/`; null for none. */
  pathSegment: 'asp-net' | null;
  /** Headers that carry the id in requests, and in the responses that set it, such as X-Auth-Token. */
  headers: string[];
  /** What to strip from an id to get its key. */
  routeMarker: RouteMarker;
}

export type SessionsConfig =
  TomcatSwapConfig | TomcatClusterConfig | SharedStoreConfig | LibertyConfig | WildflyConfig | NoSessionsConfig;

/** What every mechanism has. */
export interface SessionRequests {
  /** A proxy sends a request of a session only when the one before has been answered: for servers that lose one of two changes made at once. */
  oneRequestAtATime: boolean;
}

export interface TomcatSwapConfig extends SessionRequests {
  mechanism: 'tomcat-swap';
  /** Context paths of the applications whose sessions move, such as /shop ('' is the root). */
  contexts: string[];
  /** Name of the Host that has them. */
  virtualHost: string;
  /** Contexts whose sessions a restart may lose; `//host/path` of another virtual host. */
  loseContexts: string[];
  store: FileStoreConfig | DataSourceStoreConfig;
  manager: { user: string; password: string; path: string };
  /** Goes on where the server has single sign-on, though a restart logs its users out of applications in which they have not logged in. */
  loseSingleSignOn: boolean;
  /** A session that makes the trip before any other; null goes without. */
  canary: TomcatCanary | null;
}

export interface TomcatClusterConfig extends SessionRequests {
  mechanism: 'tomcat-cluster';
  /** As of tomcat-swap. */
  contexts: string[];
  /** As of tomcat-swap. */
  virtualHost: string;
  /** As of tomcat-swap. */
  loseContexts: string[];
  manager: { user: string; password: string; path: string };
  /** As of tomcat-swap. */
  loseSingleSignOn: boolean;
  /** A session that both machines must know before any other moves; null goes without. */
  canary: { path: string } | null;
}

export interface TomcatCanary {
  /** Begins a session like those of users. */
  path: string;
  /** Session attributes that must arrive. It proves only these and their classes. */
  attributes: string[];
}

export interface FileStoreConfig {
  type: 'file';
}

export interface DataSourceStoreConfig {
  type: 'data-source';
  /** PostgreSQL database with both machines' tables. From the environment or a file, never from the YAML. */
  url: string;
  /** Names of the columns, as the Store element of Tomcat's configuration has them. */
  columns: { id: string; app: string; data: string; valid: string; maxInactive: string; lastAccessed: string };
}

export interface SharedStoreConfig extends SessionRequests {
  mechanism: 'shared-store';
  /** How long after its last response a session's state is certain to be in the store. */
  settleMs: number;
  /** A session that both machines must know before any other moves; null goes without. */
  canary: SharedStoreCanary | null;
}

export interface SharedStoreCanary {
  /** Begins a session. */
  path: string;
  /**
   * A regular expression whose group finds on that page what is kept in this session alone, not its id; null believes a machine that sets no
   * other id, which proves nothing of ids that are signed.
   */
  shows: string | null;
  /** A page of which the other machine has to take the form, with its hidden fields alone; null sends none. */
  form: string | null;
}

export interface LibertyConfig extends SessionRequests {
  mechanism: 'liberty';
  /** Context paths of the applications whose sessions move, such as /shop ('' is the root). */
  contexts: string[];
  /** Contexts whose sessions need not move. */
  loseContexts: string[];
  /** Id of the virtual host that has them. */
  virtualHost: string;
  metrics: LibertyMetricsConfig;
  /** How long after its last response a session is always given to get into the database. */
  settleMs: number;
  /** How much longer it is given while requests of others keep the server's count of them from telling. */
  busySettleMs: number;
  /** Where Liberty keeps the sessions, for the worker to look for its canary; null believes what the machines say. */
  database: LibertyDatabaseConfig | null;
  /** Of the Hazelcast that has the sessions of sessionCache-1.0; null where nothing of it is asked. */
  hazelcast: HazelcastConfig | null;
  /** A session that both machines must know before any other moves; null goes without. */
  canary: { path: string } | null;
}

export interface WildflyConfig extends SessionRequests {
  mechanism: 'wildfly';
  /** Name of the web application's deployment, such as shop.war; its cache has the same. */
  deployment: string;
  /** Other deployments of the server, whose sessions a restart may lose. */
  loseDeployments: string[];
  /** HTTP management API; `url` with {host} and {machine} for the machine's host and name. */
  management: { user: string; password: string; url: string };
  /** A session that both machines must know before any other moves; null goes without. */
  canary: { path: string } | null;
}

export interface HazelcastConfig {
  /** Where it tells of its health; {host} and {machine} stand for the machine's host and name. At the same port it is asked for its caches. */
  url: string;
  /** cluster-name, without which a member tells nobody of its caches; null where these are not asked for. */
  cluster: string | null;
}

export interface LibertyMetricsConfig {
  /** Of mpMetrics; {host} and {machine} stand for the machine's host and name. */
  url: string;
  /** Null where the page is for everybody. */
  login: { user: string; password: string } | null;
  /** PEM of what the certificates of the machines are signed by; null goes by Node's own list. */
  caFile: string | null;
}

export interface LibertyDatabaseConfig {
  /** PostgreSQL. From the environment or a file, never from the YAML. */
  url: string;
  /** As httpSessionDatabase has it in tableName. */
  table: string;
}

export interface NoSessionsConfig extends SessionRequests {
  mechanism: 'none';
  /** A session without a request for this long counts as ended. */
  idleMs: number;
}

export interface HealthConfig {
  path: string;
  status: number;
  intervalMs: number;
  timeoutMs: number;
  bootTimeoutMs: number;
}

export interface LimitsConfig {
  /** How long a batch waits for its keys to become quiet before it is let go. */
  holdBudgetMs: number;
  /** How long a request may wait in the gate before it is answered 503. */
  holdMaxMs: number;
  /** How many requests may wait in the gate of one proxy. */
  maxHeldRequests: number;
  /** Named keys in one batch. */
  batchSize: number;
  /** How long a machine may take to answer before the proxy answers 504. */
  requestTimeoutMs: number;
  /** Connections of one proxy to one machine. */
  maxConnections: number;
  /** After `limitMs`: keep waiting, restart all the same and report what is left behind, or stop for an operator. */
  drain: { limitMs: number; policy: 'wait' | 'force' | 'stop' };
}
