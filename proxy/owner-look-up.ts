// Asks the store who owns keys that are not known yet: everything that arrives in one turn of the event loop in one query.

import type { RoutingState } from './routing.js';
import { learnOwners } from './routing.js';

export class OwnerLookUp {
  private readonly wanted = new Set<string>();
  private isUnderWay = false;

  constructor(
    private readonly state: RoutingState,
    /** The keys among those asked for that are the standby's. */
    private readonly ask: (keys: readonly string[]) => Promise<Set<string>>,
    private readonly onLearned: () => void,
  ) {}

  /** Without the store an unknown key stays unknown: whoever waits for it has to ask again. */
  want(keys: readonly string[]): void {
    for (const key of keys) this.wanted.add(key);
    if (this.isUnderWay) return;
    this.isUnderWay = true;
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    const keys = [...this.wanted];
    this.wanted.clear();
    const { epoch } = this.state;
    try {
      learnOwners(this.state, epoch, keys, await this.ask(keys));
      this.isUnderWay = false;
      this.onLearned();
    } catch {
      this.isUnderWay = false;
    }
  }
}
