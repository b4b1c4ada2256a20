// What vm-rejuv needs of a hypervisor. Every operation ensures a state, so repeating it is safe.

export interface MachineStatus {
  power: 'on' | 'off' | 'unknown';
  /** Changes each time the machine boots; null when off or not known. */
  incarnation: string | null;
  /** False when what runs was started in another way than the configuration says by now. */
  asConfigured?: boolean;
}

export interface OperationOptions {
  /** Aborts waiting; what has been asked of the hypervisor may still happen. */
  signal: AbortSignal;
  /** Called right before each external effect; throws when the caller may no longer act. */
  guard?: () => Promise<void>;
}

export interface HypervisorDriver {
  status(machine: string, options: OperationOptions): Promise<MachineStatus>;
  /** Ensures that the machine runs. Resolves with its status. */
  start(machine: string, options: OperationOptions): Promise<MachineStatus>;
  /** Ensures that the machine is off: gracefully, then by force after the driver's stop time-out. */
  stop(machine: string, options: OperationOptions): Promise<void>;
  /**
   * Ensures that the machine runs in another incarnation than `expect`.
   * When it already does, the restart has been done before and nothing happens.
   */
  restart(machine: string, options: OperationOptions & { expect: string }): Promise<MachineStatus>;
  /** Throws MACHINE_NOT_STARTABLE when `start` could not succeed. Changes nothing. */
  verify(machine: string, options: OperationOptions): Promise<void>;
  /** Where an operator reads what the machine itself says. */
  outputOf(machine: string): string;
  list(options: OperationOptions): Promise<string[]>;
  capabilities(): { graceful: boolean; reset: boolean };
}
