// Sessions that cannot be moved: the drain waits until they have ended.

import type { SessionMechanism } from './mechanism.js';

export function createNone(): SessionMechanism {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    holds: 'none',
    pickedUpMs: null,
    handOverMs: 0,
    preflight: nothing,
    inspect: nothing,
    begin: nothing,
    prepareIdle: () => Promise.resolve({ keys: [], haveStreams: false }),
    handOver: () => Promise.resolve([]),
    settle: nothing,
    retract: nothing,
    remaining: () => Promise.resolve(null),
    // They die with their machine.
    rescue: () => Promise.resolve(0),
    forsake: nothing,
    end: nothing,
    close: nothing,
  };
}
