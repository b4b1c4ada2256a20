// The proxies that are compared, all on the first core; upstream and load are on the second.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { ReadyChild } from '../embedded/child-process.js';
import { startReadyChild } from '../embedded/child-process.js';
import type { Closing } from '../embedded/closing.js';
import { freePort } from '../embedded/ports.js';

interface Target {
  url: string;
  pid: number;
}

export class BenchedProxies {
  constructor(
    private readonly directory: string,
    private readonly closing: Closing,
  ) {}

  async startUpstream(): Promise<string> {
    const { ready } = await this.start('upstream', ['taskset', '-c', '1', ...node('upstream.js')]);
    return String(ready['url']);
  }

  async startReference(mode: 'handler' | 'plain', upstream: string): Promise<Target> {
    const { ready, pid } = await this.start(mode, ['taskset', '-c', '0', ...node('reference-proxy.js', mode, upstream)]);
    return { url: String(ready['url']), pid };
  }

  async startVmRejuv(upstream: string, databaseUrl: string): Promise<Target> {
    const driver = { type: 'process', command: ['true'], stateDirectory: this.directory };
    const pool = {
      machines: [
        { name: 'a', url: upstream, driver },
        { name: 'b', url: 'http://127.0.0.1:9', driver },
      ],
      ...{ sessions: { mechanism: 'shared-store' }, health: { path: '/' } },
    };
    const config = join(this.directory, 'vm-rejuv.yaml');
    await writeFile(config, stringify({ pools: { bench: pool } }));
    const env = { VM_REJUV_CONFIG: config, VM_REJUV_DATABASE_URL: databaseUrl, VM_REJUV_ADMIN_TOKEN: 'bench' };
    const args = ['proxy', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--json'];
    const { ready, pid } = await this.start('vm-rejuv', ['taskset', '-c', '0', ...node('../cli/main.js', ...args)], env);
    return { url: String(ready['url']), pid };
  }

  async startHaproxy(upstream: string): Promise<Target> {
    const port = await freePort();
    const file = join(this.directory, 'haproxy.cfg');
    const server = upstream.replace('http://', '');
    await writeFile(
      file,
      `global\n  nbthread 1\n  maxconn 1000\ndefaults\n  mode http\n  timeout client 30s\n  timeout server 30s\n  timeout connect 5s\n  option forwardfor\nfrontend f\n  bind 127.0.0.1:${port}\n  default_backend b\nbackend b\n  server s ${server}\n`,
    );
    const command = ['sh', '-c', `echo '{"ready":true}'; exec taskset -c 0 haproxy -db -f ${file}`];
    const { pid } = await this.start('haproxy', command);
    return { url: `http://127.0.0.1:${port}`, pid };
  }

  private async start(name: string, command: string[], env: Record<string, string> = {}): Promise<ReadyChild> {
    const child = await startReadyChild({ name, command, env, logFile: join(this.directory, `${name}.log`) });
    this.closing.add(() => child.stop());
    return child;
  }
}

function node(script: string, ...args: string[]): string[] {
  return [process.execPath, fileURLToPath(new URL(`./${script}`, import.meta.url)), ...args];
}
