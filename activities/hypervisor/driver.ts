// What vm-rejuv needs of a hypervisor. Every operation ensures a state, so repeating it is safe.

export interface MachineStatus {
  power: 'on' | 'off' | 'unknown';
  /** Changes each time the machine boots; null when off or not known. */
  incarnation: string | null;
  /** False when what runs was started in another way than the configuration says by now. */
  asConfigured?: boolean;
  /** True when a restart that was to give the machine a fresh disk has ended with the one of before. */
  rolledBack?: boolean;
}

export interface OperationOptions {
  /** Aborts waiting; what has been asked of the hypervisor may still happen. */
  signal: AbortSignal;
  /** Called right before each external effect; throws when the caller may no longer act. */
  guard?: () => Promise<void>;
}

export interface RestartOptions extends OperationOptions {
  expect: string;
  /** Names the restart for ever, also when it is asked for again; without it the incarnation does that it is to end. */
  restart?: string;
}

export function nameOf({ restart, expect }: RestartOptions): string {
  return restart ?? expect;
}

export interface MemoryUse {
  usedBytes: number;
  /** What there is of it; null when that is not known. */
  limitBytes: number | null;
}

export interface Capabilities {
  /** The machine can be asked to end by itself. */
  graceful: boolean;
  /** The machine can be reset while it is on; otherwise a restart by force switches it off and on. */
  reset: boolean;
}

/** One machine's. */
export interface MachineDriver {
  status(options: OperationOptions): Promise<MachineStatus>;
  /** Ensures that the machine runs. Resolves with its status. */
  start(options: OperationOptions): Promise<MachineStatus>;
  /** Ensures that the machine is off: gracefully, then by force after the driver's stop time-out. */
  stop(options: OperationOptions): Promise<void>;
  /**
   * Ensures that the machine runs in another incarnation than `expect`.
   * When it already does, the restart has been done before and nothing happens.
   */
  restart(options: RestartOptions): Promise<MachineStatus>;
  /**
   * Undoes what this restart has made of the machine besides another boot, and ensures that it runs. Resolves with null, having done
   * nothing, when there is nothing to undo.
   */
  rollBack(options: RestartOptions): Promise<MachineStatus | null>;
  /** The machine is ready: what a restart has made of it is not undone any more. */
  keep(options: OperationOptions): Promise<void>;
  /** Throws, with MACHINE_NOT_STARTABLE or a code of its own, when `start` could not succeed. Changes nothing. */
  verify(options: OperationOptions): Promise<void>;
  /** What the hypervisor itself calls the machine, which is the same for several ways to name it. */
  identity(options: OperationOptions): Promise<string>;
  /** What it occupies of its host's memory; null when it is off, or when its hypervisor does not tell. */
  memoryBytes(options: OperationOptions): Promise<number | null>;
  /** What runs in the machine uses of its memory; null when it is off, or when nobody tells. */
  memoryUse(options: OperationOptions): Promise<MemoryUse | null>;
  /** Where an operator reads what the machine itself says. */
  output(): string;
  capabilities(): Capabilities;
}

/** That of a pool, whose machines may be of different types. A name that none of them has is MACHINE_UNKNOWN. */
export interface HypervisorDriver {
  status(machine: string, options: OperationOptions): Promise<MachineStatus>;
  start(machine: string, options: OperationOptions): Promise<MachineStatus>;
  stop(machine: string, options: OperationOptions): Promise<void>;
  restart(machine: string, options: RestartOptions): Promise<MachineStatus>;
  rollBack(machine: string, options: RestartOptions): Promise<MachineStatus | null>;
  keep(machine: string, options: OperationOptions): Promise<void>;
  verify(machine: string, options: OperationOptions): Promise<void>;
  identity(machine: string, options: OperationOptions): Promise<string>;
  memoryBytes(machine: string, options: OperationOptions): Promise<number | null>;
  memoryUse(machine: string, options: OperationOptions): Promise<MemoryUse | null>;
  outputOf(machine: string): string;
  capabilitiesOf(machine: string): Capabilities;
}
