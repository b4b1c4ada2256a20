// What a Java machine tells of itself by its platform MBeans, as Tomcat's JMX proxy writes them.
// https://docs.oracle.com/en/java/javase/17/docs/api/java.management/java/lang/management/package-summary.html

import type { Bean } from '../activities/sessions/jmx-proxy.js';
import { seriesOf } from '../aging/series.js';
import type { Reading } from './sampler.js';

const MIB = 2 ** 20;

/** Pools whose collections leave only what is alive: all that is not young. */
const YOUNG = /Eden|Survivor|New|Nursery/i;

/** The number of an attribute; null when the bean does not have it, or says by -1 that there is none. */
export function numberIn(bean: Bean | undefined, attribute: string): number | null {
  const value = Number(bean?.attributes.get(attribute) ?? NaN);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

/** A field of a composite attribute, such as used of {committed=1, init=0, max=2, used=1}. */
function fieldOf(bean: Bean | undefined, attribute: string, field: string): number | null {
  const value = new RegExp(`\\b${field}=(-?\\d+)`).exec(bean?.attributes.get(attribute) ?? '')?.[1];
  return value === undefined || Number(value) < 0 ? null : Number(value);
}

/**
 * Heap: what collections of the old generation have left, from the first of them on, and the whole heap at this moment. Young collections
 * leave garbage that has grown old, so what they leave rises without any leak until an old one comes.
 */
export function heapReadings(memory: Bean | undefined, pools: readonly Bean[]): Reading[] {
  const readings: Reading[] = [];
  const max = fieldOf(memory, 'HeapMemoryUsage', 'max');
  const used = fieldOf(memory, 'HeapMemoryUsage', 'used');
  const limit = max === null ? null : max / MIB;
  if (used !== null) readings.push({ series: seriesOf('heap', 'heap', limit), value: used / MIB });
  const old = pools.filter(({ name, attributes }) => attributes.get('Type') === 'HEAP' && !YOUNG.test(name));
  const kept = old.map((pool) => fieldOf(pool, 'CollectionUsage', 'used') ?? 0).reduce((sum, one) => sum + one, 0);
  const most = old.map((pool) => fieldOf(pool, 'CollectionUsage', 'max') ?? 0).reduce((sum, one) => sum + one, 0);
  if (kept > 0)
    readings.push({ series: seriesOf('heapAfterGc', 'heapAfterGc', most > 0 ? most / MIB : limit), value: kept / MIB });
  return readings;
}

/** Threads and open files. `threadLimit` is where threads count as exhausted; no bean tells of one. */
export function processReadings(threading: Bean | undefined, system: Bean | undefined, threadLimit: number): Reading[] {
  const threads = numberIn(threading, 'ThreadCount');
  const files = numberIn(system, 'OpenFileDescriptorCount');
  return [
    ...(threads === null ? [] : [{ series: seriesOf('threads', 'threads', threadLimit), value: threads }]),
    ...(files === null
      ? []
      : [{ series: seriesOf('fileHandles', 'fileHandles', numberIn(system, 'MaxFileDescriptorCount')), value: files }]),
  ];
}

/** Time spent in collections since the JVM began, in ms. Null when no collector tells. */
export function collectionMs(collectors: readonly Bean[]): number | null {
  const times = collectors.map((bean) => numberIn(bean, 'CollectionTime')).filter((time) => time !== null);
  return times.length === 0 ? null : times.reduce((sum, one) => sum + one, 0);
}
