// Copies of plain data, and a text that is the same for the same data.

/** Deep, for objects, arrays, maps of what JSON knows, and sets of strings. */
export function copy<T>(value: T): T {
  return (typeof value === 'object' && value !== null ? copyObject(value) : value) as T;
}

/** A copy in which every string is replaced, those that are keys of maps too. */
export function rename<T>(value: T, replace: (text: string) => string): T {
  return mapStrings(value, replace) as T;
}

/** Two states that differ in the order of maps and sets only are one. Objects are built in one order each. */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value instanceof Map) {
    if (value.size === 0) return '<>';
    return `<${[...value]
      .map(([key, one]) => `${key as string}:${canonical(one)}`)
      .sort()
      .join()}>`;
  }
  if (value instanceof Set) return value.size === 0 ? '()' : `(${[...value].sort().join()})`;
  let text = '{';
  for (const key in value) text += `${canonical((value as Record<string, unknown>)[key])},`;
  return `${text}}`;
}

/** 53 bits of the text: among ten million texts two are alike with a chance of one in two hundred. */
export function hash53(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}

/** The innermost loop of an exploration, hence apart from `mapStrings`. */
function copyObject(value: object): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : value.map(copy);
  if (value instanceof Set) return new Set(value);
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    for (const [key, one] of value) map.set(key, copy(one));
    return map;
  }
  const object: Record<string, unknown> = {};
  for (const name in value) object[name] = copy((value as Record<string, unknown>)[name]);
  return object;
}

function mapStrings(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, replace));
  if (value instanceof Set) return new Set([...value].map((one) => mapStrings(one, replace)));
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    for (const [key, one] of value) map.set(mapStrings(key, replace), mapStrings(one, replace));
    return map;
  }
  const object: Record<string, unknown> = {};
  for (const name in value) object[name] = mapStrings((value as Record<string, unknown>)[name], replace);
  return object;
}
