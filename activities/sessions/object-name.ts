// Names of MBeans: a domain, and keys with their values.

/** The keys of an object name with their values. */
export function keysOf(name: string): ReadonlyMap<string, string> {
  const pairs = name.slice(name.indexOf(':') + 1).split(',');
  return new Map(pairs.map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
