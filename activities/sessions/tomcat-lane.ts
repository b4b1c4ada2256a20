// One context of a Tomcat on its way from one machine to the other.

import type { MachineConfig } from '../../config/types.js';
import type { StoredSessions } from './stored-sessions.js';
import type { SwapOut } from './swap-out.js';
import type { TomcatManager } from './tomcat-manager.js';

/** The context on one machine. */
export interface Side<Store extends StoredSessions = StoredSessions> {
  machine: MachineConfig;
  manager: TomcatManager;
  store: Store;
  /** The cookie that carries its session ids. */
  sessionCookie: string;
}

export interface Lane {
  /** Context path; '' is the root. */
  context: string;
  from: Side;
  to: Side;
  swapOut: SwapOut;
}
