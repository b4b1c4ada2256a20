// A worker whose hypervisor does what a file says: the shipped driver with a fault before it, since no real hypervisor fails on demand.
// node faulty-worker.js; VM_REJUV_CHAOS_FILE names the file, whose content is one of HypervisorFault.

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import type { HypervisorDriver, OperationOptions } from '../activities/hypervisor/driver.js';
import { withOwnErrors } from '../activities/hypervisor/own-errors.js';
import { untilToldToEnd } from '../cli/until-told.js';
import { loadConfig } from '../config/load.js';
import type { PoolConfig } from '../config/types.js';
import { startWorker } from '../worker/start-worker.js';

export type HypervisorFault = 'none' | 'does nothing' | 'hangs' | 'does not know' | 'loses the answer';

const FILE = process.env['VM_REJUV_CHAOS_FILE'] ?? '';
const FOREVER_MS = 2 ** 31 - 1;

function fault(): HypervisorFault {
  return readFileSync(FILE, 'utf8').trim() as HypervisorFault;
}

function faultyDriver(pool: PoolConfig): HypervisorDriver {
  const driver = createDriver(pool);
  const hang = ({ signal }: OperationOptions): Promise<never> => sleep(FOREVER_MS, undefined, { signal }) as Promise<never>;
  return withOwnErrors({
    ...driver,
    async status(machine, options) {
      return fault() === 'does not know' ? { power: 'unknown', incarnation: null } : driver.status(machine, options);
    },
    async restart(machine, options) {
      switch (fault()) {
        case 'does nothing':
          return driver.status(machine, options);
        case 'hangs':
          return hang(options);
        case 'loses the answer':
          await driver.restart(machine, options);
          // One answer: that of the next attempt arrives.
          writeFileSync(FILE, 'none' satisfies HypervisorFault);
          throw Object.assign(new Error('The connection to the hypervisor was lost.'), { code: 'ECONNRESET' });
        default:
          return driver.restart(machine, options);
      }
    },
  });
}

const worker = await startWorker(
  loadConfig(process.env['VM_REJUV_CONFIG'] ?? '', process.env, { proxy: 'elsewhere' }),
  faultyDriver,
);
console.log(JSON.stringify({ ready: true }));
await Promise.race([untilToldToEnd('running steps'), worker.done]);
await worker.close();
