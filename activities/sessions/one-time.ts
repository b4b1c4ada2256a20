// Whether the clocks of two machines are near enough to each other for their sessions. How a clock is read differs from server to server.

import type { MachineConfig } from '../../../config/types.js';
import { notMovable } from '../../errors.js';

/** By so much sessions, and log-ins, end earlier or later on the other machine. Chosen: both live for minutes, and Date tells whole seconds. */
const CLOCKS_APART_MS = 5000;

/** Refuses clocks that are further apart than sessions can bear; NaN is where one of them is not known. */
export function mustHaveOneTime(one: Pick<MachineConfig, 'name'>, other: Pick<MachineConfig, 'name'>, apartMs: number): void {
  if (apartMs <= CLOCKS_APART_MS) return;
  const apart = Number.isNaN(apartMs) ? 'nobody knows how far apart' : `${Math.round(apartMs / 1000)} s apart`;
  throw notMovable(
    `The clocks of machines ${one.name} and ${other.name} are ${apart}: sessions and log-ins may end too early or too late.`,
    'Let both follow one time, as by chrony or systemd-timesyncd.',
  );
}
