// The demo's --port: looked at before anything is started, because the proxy that listens there comes last.

import { OperatorError } from '../config/operator-error.js';
import { portTrouble } from '../embedded/ports.js';

/** Throws PORT_TAKEN when something listens there. */
export async function requirePort(port: number): Promise<void> {
  const trouble = await portTrouble(port);
  if (trouble === null) return;
  const why = trouble === 'EADDRINUSE' ? 'is taken' : `cannot be listened on (${trouble})`;
  throw new OperatorError(
    'PORT_TAKEN',
    `--port: port ${port} of 127.0.0.1 ${why}.`,
    'End what listens there or name another by --port; without it a free one is taken.',
  );
}
