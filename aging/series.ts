// What is watched: named series of samples, of kinds that tell which detectors look at them.

export interface Sample {
  atMs: number;
  /** The mean of those that it stands for, or the last of a counter. */
  value: number;
  /** Of one that stands for several; `atMs` is the time of the last. */
  gathered?: Gathered;
}

export interface Gathered {
  min: number;
  max: number;
  count: number;
}

export interface Series {
  /** Unique among those of one machine, such as "heapAfterGc" or "memory:tomcat". */
  name: string;
  kind: SeriesKind;
  unit: string;
  /** Where the resource is exhausted; without it a trend has no end, and no ceiling is known. */
  limit: number | null;
}

interface Kind {
  /** count: judged by nobody. resource: runs out at its limit. latency, errors: what users see. gc: share of time, 0..1. work: requests served since boot, a counter. */
  role: 'resource' | 'latency' | 'errors' | 'gc' | 'work' | 'count';
  unit: string;
  /** valleys: only what is left after a collection counts, as between two of them any heap grows. */
  floor: 'lowest' | 'valleys';
  in: string;
}

const resource = (unit: string, text: string, floor: Kind['floor'] = 'lowest'): Kind => ({
  role: 'resource',
  unit,
  floor,
  in: text,
});

const latency = (what: string): Kind => ({ role: 'latency', unit: 'ms', floor: 'lowest', in: `${what} of response times` });
const errors = (what: string): Kind => ({
  role: 'errors',
  unit: 'of 1',
  floor: 'lowest',
  in: `share of requests that ${what}, 0 to 1`,
});

export const KINDS = {
  heapAfterGc: resource('MiB', 'heap after collections'),
  heap: resource('MiB', 'heap at any moment', 'valleys'),
  memory: resource('MiB', 'memory of the process or guest'),
  threads: resource('threads', 'threads'),
  fileHandles: resource('handles', 'open files and sockets'),
  connections: resource('connections', 'connections taken from a pool'),
  latencyP50: latency('median'),
  latencyP95: latency('95th percentile'),
  latencyP99: latency('99th percentile'),
  errorRate: errors('failed'),
  timeoutRate: errors('were not answered in time'),
  queueFullRate: errors('found no connection to the machine'),
  sessions: { role: 'count', unit: 'sessions', floor: 'lowest', in: 'sessions in memory' },
  gcShare: { role: 'gc', unit: 'of 1', floor: 'lowest', in: 'share of time spent in collections, 0 to 1' },
  requests: { role: 'work', unit: 'requests', floor: 'lowest', in: 'requests served since boot, a counter' },
} as const satisfies Record<string, Kind>;

export type SeriesKind = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as SeriesKind[];

/** A name is a kind, or a kind, a colon and what tells several of it apart; null when it is neither. */
export function kindOf(name: string): SeriesKind | null {
  const kind = name.split(':', 1)[0] ?? '';
  return Object.hasOwn(KINDS, kind) ? (kind as SeriesKind) : null;
}

/** Null of what can be, else what a value of this kind is. Collectors that run at once may take more than all of the time. */
export function misfitOf(kind: SeriesKind, value: number): string | null {
  const isShare = KINDS[kind].role === 'errors';
  if (value >= 0 && value <= (isShare ? 1 : Infinity)) return null;
  return isShare ? 'a share from 0 to 1' : 'a number from 0 on';
}

/** A series with the kind that its name tells. */
export function seriesOf(name: string, kind: SeriesKind, limit: number | null = null): Series {
  return { name, kind, unit: KINDS[kind].unit, limit };
}
