// Applications of a server that the configuration does not name, and that have sessions all the same: a restart would lose these unseen.

import type { OperatorError } from '../../config/operator-error.js';
import { notMovable } from '../errors.js';

export interface Application {
  /** As vm-rejuv.yaml would name it; '' is the root context. */
  name: string;
  /** Sessions now. */
  active: number;
  /** Sessions since the machine was started. */
  begun: number;
  /** Sessions that are none of the active ones may be in a store. */
  stores: boolean;
}

/** Those of `found` that have sessions, or may have some in a store, and are not `known`. Without any an application is nobody's trouble. */
export function unnamed(found: readonly Application[], known: ReadonlySet<string>): Application[] {
  return found
    .filter(({ name, active, begun, stores }) => (active > 0 || (stores && begun > 0)) && !known.has(name))
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

/** `remedy` gets their names as a list of YAML. */
export function wouldBeLost(
  machine: string,
  applications: readonly Application[],
  remedy: (names: string) => string,
): OperatorError {
  const told = applications.map(
    ({ name, active, begun }) => `${name || '(root)'} (sessions: ${active} now, ${begun} since its start)`,
  );
  const names = applications.map(({ name }) => (/^[\w/.-]+$/.test(name) ? name : JSON.stringify(name)));
  return notMovable(
    `Machine ${machine} has applications with sessions that nothing names in vm-rejuv.yaml, so that a restart may lose them: ${told.join(', ')}.`,
    remedy(`[${names.join(', ')}]`),
  );
}

/** The remedy where a pool may have several applications. */
export const nameContexts = (names: string): string =>
  `Name them in sessions.contexts, or accept that with sessions.loseContexts: ${names}.`;
