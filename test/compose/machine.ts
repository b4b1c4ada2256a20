// A machine in a container of its own for test/compose/run.sh, switched over HTTP as a hypervisor would switch it.
// `serve` is the container; `power URL` is what the process driver runs: it boots the machine, and switches it off when told to end.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('../../demo/node-app/main.js', import.meta.url));
const CONTROL_PORT = 9000;
const STOP_TIMEOUT_MS = 5000;
const [mode, url = ''] = process.argv.slice(2);

if (mode === 'serve') serve();
else await power(url);

function serve(): void {
  let boots = 0;
  let app: ChildProcess | null = null;
  const off = async (): Promise<void> => {
    const running = app;
    app = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    const force = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(force);
  };
  const boot = (): void => {
    boots++;
    app = spawn(process.execPath, [APP], { stdio: 'inherit' });
  };
  let last: Promise<void> = Promise.resolve();
  createServer((request, response) => {
    last = last.then(async () => {
      if (request.url !== '/boots') await off();
      if (request.url === '/boot') boot();
      response.end(String(boots));
    });
  }).listen(CONTROL_PORT);
  boot();
  process.once('SIGTERM', () => void off().then(() => process.exit()));
}

/** A worker that is killed takes this process with it, but not the machine: what is not told to end switches nothing off. */
async function power(control: string): Promise<void> {
  await fetch(`${control}/boot`, { method: 'POST' });
  const stay = setInterval(() => undefined, 60_000);
  await once(process, 'SIGTERM');
  await fetch(`${control}/off`, { method: 'POST' });
  clearInterval(stay);
}
