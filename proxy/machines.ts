// Connections to the machines.

import { Pool } from 'undici';
import type { LimitsConfig, MachineConfig } from '../config/types.js';

/** Below the keep-alive time-outs that servers ship with (Node 5 s, Tomcat 20 s): the proxy closes first, so no request meets a closing socket. */
const KEEP_ALIVE_MS = 4000;

interface Connections {
  requests: Pool;
  /** Event streams, which keep their connections: as many as there are. */
  streams: Pool;
}

export class Machines {
  private readonly connections = new Map<string, Connections>();

  constructor(
    private readonly machines: readonly MachineConfig[],
    private readonly limits: LimitsConfig,
  ) {
    for (const machine of machines) this.connections.set(machine.name, this.connect(machine));
  }

  get(name: string, forStream = false): Pool {
    const connections = this.connections.get(name);
    if (!connections) throw new Error(`The pool's row names machine "${name}", which the configuration does not have.`);
    return forStream ? connections.streams : connections.requests;
  }

  /** After a restart no connection of the machine's last incarnation is used again. */
  async renew(name: string): Promise<void> {
    const machine = this.machines.find((candidate) => candidate.name === name);
    const old = this.connections.get(name);
    if (!machine || !old) return;
    this.connections.set(name, this.connect(machine));
    await Promise.all([old.requests.close(), old.streams.close()]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.connections.values()].flatMap(({ requests, streams }) => [requests.destroy(), streams.destroy()]));
  }

  private connect(machine: MachineConfig): Connections {
    const pool = (connections: number | null): Pool =>
      new Pool(machine.url, {
        connections,
        pipelining: 1,
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
        headersTimeout: this.limits.requestTimeoutMs,
        bodyTimeout: this.limits.requestTimeoutMs,
        connectTimeout: 5000,
      });
    return { requests: pool(this.limits.maxConnections), streams: pool(null) };
  }
}
