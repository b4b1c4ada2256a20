// Ids that one request carries have to have one owner, so keys that were seen together move together (two applications, single sign-on).

/** Groups of keys that were seen together, directly or over others. Keys that are not in `keys` are left out. */
export function groupKeys(keys: readonly string[], together: readonly (readonly string[])[]): string[][] {
  const groups = new Map(keys.map((key) => [key, [key]]));
  for (const seen of together) {
    const [first, ...others] = seen.filter((key) => groups.has(key));
    if (first === undefined) continue;
    for (const other of others) {
      const [a = [], b = []] = [groups.get(first), groups.get(other)];
      if (a === b) continue;
      const [from, into] = a.length < b.length ? [a, b] : [b, a];
      into.push(...from);
      for (const key of from) groups.set(key, into);
    }
  }
  return [...new Set(groups.values())];
}

/** Groups around `keys`, with their companions; those that are in `elsewhere` have moved already and hold nobody back. */
export function groupsAround(
  keys: readonly string[],
  together: readonly (readonly string[])[],
  elsewhere: ReadonlySet<string>,
): string[][] {
  const wanted = new Set(keys);
  const all = [...new Set([...keys, ...together.flat()])].filter((key) => !elsewhere.has(key));
  return groupKeys(all, together).filter((group) => group.some((key) => wanted.has(key)));
}

/** Keys of the groups that are whole: every key of theirs passes. */
export function wholeGroups(groups: readonly (readonly string[])[], passes: (key: string) => boolean): string[] {
  return groups.filter((group) => group.every(passes)).flat();
}

/** Batches of whole groups of about `size` keys; a group larger than that is a batch of its own. */
export function batchGroups(groups: readonly string[][], size: number): string[][][] {
  const batches: string[][][] = [];
  let room = 0;
  for (const group of groups) {
    const current = batches.at(-1);
    if (current !== undefined && group.length <= room) {
      current.push(group);
      room -= group.length;
    } else {
      batches.push([group]);
      room = size - group.length;
    }
  }
  return batches;
}
