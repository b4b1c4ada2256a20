// Every fault there is, by name.

import type { Fault } from '../fault.js';
import { databaseFaults } from './database.js';
import { hypervisorFaults } from './hypervisor.js';
import { machineFaults } from './machine.js';
import { managerFaults } from './manager.js';
import { operatorFaults } from './operator.js';
import { proxyFaults } from './proxy.js';
import { temporalFaults } from './temporal.js';
import { workerFaults } from './worker.js';

export const FAULTS: readonly Fault[] = [
  ...workerFaults,
  ...temporalFaults,
  ...databaseFaults,
  ...proxyFaults,
  ...machineFaults,
  ...managerFaults,
  ...hypervisorFaults,
  ...operatorFaults,
];
