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

export type HypervisorFault =
  | 'none'
  | 'does nothing'
  | 'hangs'
  | 'does not know'
  | 'loses the answer'
  | 'loses the answer of a stop'
  | 'loses the answer of a start';

const FILE = process.env['VM_REJUV_CHAOS_FILE'] ?? '';
const FOREVER_MS = 2 ** 31 - 1;

function fault(): HypervisorFault {
  return readFileSync(FILE, 'utf8').trim() as HypervisorFault;
}

/** One answer, of what has taken effect: that of the next attempt arrives. */
function loseAnswer(): never {
  writeFileSync(FILE, 'none' satisfies HypervisorFault);
  throw Object.assign(new Error('The connection to the hypervisor was lost.'), { code: 'ECONNRESET' });
}

function faultyDriver(pool: PoolConfig): HypervisorDriver {
  const driver = createDriver(pool);
  const hang = ({ signal }: OperationOptions): Promise<never> => sleep(FOREVER_MS, undefined, { signal }) as Promise<never>;
  const isOn = async (machine: string, options: OperationOptions): Promise<boolean> =>
    (await driver.status(machine, options)).power === 'on';
  return withOwnErrors({
    ...driver,
    async stop(machine, options) {
      const isAsked = fault() === 'loses the answer of a stop' && (await isOn(machine, options));
      await driver.stop(machine, options);
      if (isAsked) loseAnswer();
    },
    async start(machine, options) {
      const isAsked = fault() === 'loses the answer of a start' && !(await isOn(machine, options));
      const status = await driver.start(machine, options);
      return isAsked ? loseAnswer() : status;
    },
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
          return loseAnswer();
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
