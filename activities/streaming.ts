// Which sessions have a stream, as far as the proxies know.

import { groupsAround } from './key-groups.js';
import type { ProxyFleet } from './proxy-fleet.js';

/** Keys with an open stream to the primary, and those that came together with one of them: they may name the same session. */
export async function streamingKeys(proxies: ProxyFleet): Promise<Set<string>> {
  const seen = await proxies.seenStreams();
  const streaming = new Set(seen.flatMap((one) => one.streaming ?? []));
  const together = seen.flatMap((one) => one.together);
  return new Set(groupsAround([...streaming], together, new Set()).flat());
}
