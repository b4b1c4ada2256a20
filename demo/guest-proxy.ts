// VM-LB: vm-rejuv's proxy in a virtual machine of its own.

import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { OperatorError } from '../config/operator-error.js';
import { TimeLimitError, within } from '../config/within.js';
import { DIST_IN_GUEST } from '../guests/content.js';
import type { GuestHost } from '../guests/guest-host.js';
import { fromGuests, PORTS, VM_LB } from '../guests/layout.js';
import { virsh } from '../guests/own-libvirt.js';
import type { Installation } from './installation.js';

/** It boots while nothing else does, but emulated. Chosen. */
const READY_LIMIT_MS = 180_000;
const POLL_MS = 500;

/** Resolves with its url once it is ready. It ends with the host, which ends after everything that would miss it. */
export async function startGuestProxy(host: GuestHost, installation: Installation, signal?: AbortSignal): Promise<string> {
  const directory = host.filesOf(VM_LB);
  await mkdir(directory, { recursive: true });
  await copyFile(installation.configFile, join(directory, 'vm-rejuv.yaml'));
  const { VM_REJUV_DATABASE_URL: databaseUrl = '', VM_REJUV_ADMIN_TOKEN: token = '' } = installation.env;
  await host.define(VM_LB, 'proxy', startProxyBy(fromGuests(databaseUrl), token));
  await virsh('start', VM_LB.name);
  await within(READY_LIMIT_MS, signal, async (limited) => {
    while (!(await isReady(`http://${VM_LB.address}:${PORTS.admin}/readyz`)))
      await sleep(POLL_MS, undefined, { signal: limited });
  }).catch(async (error: unknown) => {
    if (!(error instanceof TimeLimitError)) throw error;
    throw notReady(await host.lastWordsOf(VM_LB), error);
  });
  return `http://${VM_LB.address}:${PORTS.proxy}`;
}

/** Its console goes with the demo, so it is told. */
function notReady(lastWords: string, cause: unknown): OperatorError {
  return new OperatorError(
    'GUEST_NOT_READY',
    `The proxy in the virtual machine ${VM_LB.name} did not get ready within ${READY_LIMIT_MS / 1000} s. The end of its console:\n${lastWords}\n`,
    'Where that tells nothing, give this host less else to do: guests without KVM take several times as long.',
    { cause },
  );
}

/** What becomes the guest's proxy. */
export function startProxyBy(databaseUrl: string, token: string): string {
  const addresses = [`--listen ${VM_LB.address}:${PORTS.proxy}`, `--admin ${VM_LB.address}:${PORTS.admin}`];
  return `export VM_REJUV_DATABASE_URL='${databaseUrl}' VM_REJUV_ADMIN_TOKEN='${token}'
exec node ${DIST_IN_GUEST}/cli/main.js proxy --config /srv/vm-rejuv.yaml --name ${VM_LB.name} ${addresses.join(' ')}
`;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(5000) });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
