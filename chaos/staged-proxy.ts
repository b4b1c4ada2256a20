// A proxy of the stage, at addresses that last, behind ways that can be cut, and with a clock that can be turned.

import { join } from 'node:path';
import type { Installation, RunningProxyProcess } from '../demo/installation.js';
import type { Closing } from '../embedded/closing.js';
import { isPortFree } from '../embedded/ports.js';
import { fakeClock, turnClock } from './fake-clock.js';
import { addressOf, Relay, through } from './relay.js';

/** Below ip_local_port_range, whose default begins at 32768; processes beside each other begin apart. */
const FIRST_PORT = 20_000;
let lastPort = FIRST_PORT + (process.pid % 100) * 20;

export interface ProxySurroundings {
  installation: Installation;
  databaseUrl: string;
  /** For the file that tells its clock how far off it is. */
  directory: string;
}

export class StagedProxy {
  process!: RunningProxyProcess;
  private hasFakeClock = false;

  private constructor(
    readonly name: string,
    private readonly around: ProxySurroundings,
    /** host:port, for clients and of its admin API, past the relay. */
    private readonly listen: string,
    private readonly admin: string,
    readonly toDatabase: Relay,
    /** How workers reach it. */
    readonly fromWorker: Relay,
  ) {}

  /** Its ways end with `closing`. */
  static async start(name: string, around: ProxySurroundings, closing: Closing): Promise<StagedProxy> {
    const [listen, admin] = [await lastingAddress(), await lastingAddress()];
    const fromWorker = await Relay.start(admin);
    const toDatabase = await Relay.start(addressOf(around.databaseUrl));
    const proxy = new StagedProxy(name, around, listen, admin, toDatabase, fromWorker);
    await proxy.startAgain();
    for (const relay of [toDatabase, fromWorker]) closing.add(() => relay.close());
    return proxy;
  }

  /** The same proxy again, at the same addresses: what its supervisor would do. */
  async startAgain(): Promise<void> {
    const { name, around, listen, admin, toDatabase, fromWorker } = this;
    this.process = await around.installation.startProxy(name, {
      options: ['--listen', listen, '--admin', admin, '--admin-url', `http://${fromWorker.address}`],
      env: {
        ...(this.hasFakeClock ? fakeClock(this.clockFile) : {}),
        VM_REJUV_DATABASE_URL: through(toDatabase, around.databaseUrl),
      },
    });
  }

  /** Replaces it by one whose clock can be turned, where it is not one already. */
  async useFakeClock(): Promise<void> {
    if (this.hasFakeClock) return;
    await this.turnClock(0);
    this.hasFakeClock = true;
    await this.process.stop();
    await this.startAgain();
  }

  /** Seconds ahead. */
  turnClock(offsetS: number): Promise<void> {
    return turnClock(this.clockFile, offsetS);
  }

  private get clockFile(): string {
    return join(this.around.directory, `clock-of-${this.name}`);
  }
}

/**
 * One that nobody gets while its owner is down: not of those from which the system takes the near end of a connection. A relay that
 * connects to such a port in vain can even meet itself there.
 */
async function lastingAddress(): Promise<string> {
  let port: number;
  do port = ++lastPort;
  while (!(await isPortFree(port)));
  return `127.0.0.1:${port}`;
}
