// vm-rejuv proxy

import { loadConfig } from '../config/load.js';
import type { ListenAddress } from '../config/types.js';
import { startProxy } from '../proxy/start-proxy.js';
import { OF_UP } from './connections.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { untilToldToEnd } from './until-told.js';

export interface ProxyOptions extends OutputOptions {
  config: string;
  pool?: string;
  name?: string;
  listen?: ListenAddress;
  admin?: ListenAddress;
  adminUrl?: string;
}

/** Runs a proxy until it is told to end; PROXY_STRUCK when it was struck from the register. */
export async function runProxy(options: ProxyOptions): Promise<void> {
  const { name, listen, admin, adminUrl: givenUrl } = options;
  const config = loadConfig(options.config, process.env, {
    ...{ proxy: { name, listen, admin, adminUrl: givenUrl }, secrets: 'none', orElse: OF_UP },
  });
  const proxy = await startProxy(config, choosePool(config, options.pool));
  const { url, adminUrl, incarnation } = proxy;
  print(options, `Proxy ready at ${url} (admin API, health and metrics at ${adminUrl})`, {
    ready: true,
    url,
    adminUrl,
    incarnation,
  });
  const struck = await Promise.race([untilToldToEnd('running requests, 10 s at most'), proxy.struck]);
  await proxy.close();
  if (struck !== undefined) throw struck;
}
