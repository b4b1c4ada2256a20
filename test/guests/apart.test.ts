// Commands in namespaces of their own.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runApart } from '../../guests/apart.js';
import { startOwnLibvirt } from '../../guests/own-libvirt.js';
import { processesWithVariable } from '../fixtures/processes.js';

const missing = process.getuid?.() === 0 ? null : 'run the tests as root, who may make namespaces';

describe.skipIf(missing !== null)(`apart${missing === null ? '' : ` (not run: ${missing})`}`, () => {
  test('what a killed command leaves behind is ended, and what is not in its namespaces is not', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-apart-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const variable = `VM_REJUV_LEFT=${randomUUID()}`;
    const leave = `${variable} setsid sh -c 'touch here; sleep 1000 & wait'`;
    const outside = spawn('sleep', ['1000'], { stdio: 'ignore' });
    onTestFinished(() => void outside.kill());

    const command = `cd ${directory}; ${leave} & while ! [ -e here ]; do sleep 0.05; done; kill -KILL $$`;
    expect(await runApart(['sh', '-c', command])).toBe(1);

    expect(existsSync(join(directory, 'here'))).toBe(true);
    await expect.poll(() => processesWithVariable(variable)).toEqual([]);
    expect(outside.exitCode ?? outside.signalCode).toBeNull();
  });

  test('its exit code is that of the command', async () => {
    expect(await runApart(['sh', '-c', 'exit 3'])).toBe(3);
  });

  test("the host's own libvirt is not touched", async () => {
    await expect(startOwnLibvirt('/nowhere')).rejects.toMatchObject({ code: 'GUESTS_NOT_APART' });
  });
});
