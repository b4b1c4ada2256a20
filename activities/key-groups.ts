// Keys that were seen in one request move together: a request must find all its sessions with one owner.

/** The keys in groups that share a request, directly or over others. Keys that are not in `keys` are left out. */
export function groupKeys(keys: readonly string[], together: readonly (readonly string[])[]): string[][] {
  const groups = new Map(keys.map((key) => [key, [key]]));
  for (const seen of together) {
    const [first, ...others] = seen.filter((key) => groups.has(key));
    if (first === undefined) continue;
    for (const other of others) {
      const into = groups.get(first) ?? [];
      const from = groups.get(other) ?? [];
      if (into === from) continue;
      into.push(...from);
      for (const key of from) groups.set(key, into);
    }
  }
  return [...new Set(groups.values())];
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
