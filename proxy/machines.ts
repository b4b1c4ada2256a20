// Connections to the machines: one undici pool each.

import { Pool } from 'undici';
import type { LimitsConfig, MachineConfig } from '../config/types.js';

/** Below the keep-alive time-outs that servers ship with (Node 5 s, Tomcat 20 s): the proxy closes first, so no request meets a closing socket. */
const KEEP_ALIVE_MS = 4000;

export class Machines {
  private readonly pools = new Map<string, Pool>();

  constructor(
    private readonly machines: readonly MachineConfig[],
    private readonly limits: LimitsConfig,
  ) {
    for (const machine of machines) this.pools.set(machine.name, this.createPool(machine));
  }

  get(name: string): Pool {
    const pool = this.pools.get(name);
    if (!pool) throw new Error(`The pool's row names machine "${name}", which the configuration does not have.`);
    return pool;
  }

  has(name: string): boolean {
    return this.pools.has(name);
  }

  /** After a restart no connection of the machine's last incarnation is used again. */
  async renew(name: string): Promise<void> {
    const machine = this.machines.find((candidate) => candidate.name === name);
    const old = this.pools.get(name);
    if (!machine || !old) return;
    this.pools.set(name, this.createPool(machine));
    await old.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.destroy()));
  }

  private createPool(machine: MachineConfig): Pool {
    return new Pool(machine.url, {
      connections: this.limits.maxConnections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      headersTimeout: this.limits.requestTimeoutMs,
      bodyTimeout: this.limits.requestTimeoutMs,
      connectTimeout: 5000,
    });
  }
}
