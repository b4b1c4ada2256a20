// Two Tomcats behind one proxy with embedded servers, for benchmarks.

import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Installation } from '../demo/installation.js';
import { tomcatShop } from '../demo/tomcat-shop.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';

export interface BenchInstallation {
  installation: Installation;
  origin: string;
  machinePids(): Promise<number[]>;
  close(): Promise<void>;
}

export async function startBench(): Promise<BenchInstallation> {
  const onProgress = (line: string): void => console.error(line);
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-bench-'));
  // As root, PostgreSQL runs under an account of its own, which must be able to reach its directory.
  await chmod(directory, 0o711);
  const closing: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    const cli = await findTemporalCli({ onProgress, signal: AbortSignal.timeout(900_000) });
    const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
    closing.unshift(() => postgres.stop());
    const temporal = await startEmbeddedTemporal({ cli, directory: join(directory, 'temporal') });
    closing.unshift(() => temporal.stop());
    const shop = join(directory, 'shop');
    const installation = await Installation.create({
      ...{
        directory: shop,
        databaseUrl: postgres.url,
        temporalAddress: temporal.address,
        pool: await tomcatShop(shop, { onProgress }),
      },
    });
    closing.unshift(() => installation.close());
    await installation.bootMachines();
    const { url } = await installation.startProxy();
    await installation.startWorker();
    const machinePids = (): Promise<number[]> =>
      Promise.all(
        installation.pool.machines.map(async ({ name, driver }) =>
          Number((await readFile(join(driver.stateDirectory, `${name}.pid`), 'utf8')).split(' ')[0]),
        ),
      );
    return { installation, origin: url, machinePids, close };
  } catch (error) {
    await close();
    throw error;
  }
}
