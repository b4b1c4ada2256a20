// Two Tomcats behind one proxy with embedded servers, for benchmarks.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Installation } from '../demo/installation.js';
import { tomcatShop } from '../demo/tomcat-shop.js';
import { Closing } from '../embedded/closing.js';
import { startTemporaryServers } from '../embedded/servers.js';

export interface BenchInstallation {
  installation: Installation;
  origin: string;
  machinePids(): Promise<number[]>;
  close(): Promise<void>;
}

export function startBench(store: 'file' | 'data-source', signal: AbortSignal): Promise<BenchInstallation> {
  return Closing.onFailure(async (closing) => {
    const onProgress = (line: string): void => console.error(line);
    const servers = await startTemporaryServers({ purpose: 'bench', onProgress, signal });
    closing.add(() => servers.close());
    const directory = join(servers.directory, 'shop');
    const installation = await Installation.create({
      directory,
      databaseUrl: servers.postgres.url,
      temporalAddress: servers.temporal.address,
      signal,
      pool: await tomcatShop(directory, {
        onProgress,
        signal,
        ...(store === 'file' ? {} : { sessionsUrl: servers.postgres.url }),
      }),
    });
    closing.add(() => installation.close());
    await installation.bootMachines();
    const { url } = await installation.startProxy();
    await installation.startWorker();
    const machinePids = (): Promise<number[]> =>
      Promise.all(
        installation.pool.machines.map(async ({ name, driver }) => {
          if (driver.type !== 'process') throw new Error(`${name} is no process.`);
          return Number((await readFile(join(driver.stateDirectory, `${name}.pid`), 'utf8')).split(' ')[0]);
        }),
      );
    return { installation, origin: url, machinePids, close: () => closing.close() };
  });
}
