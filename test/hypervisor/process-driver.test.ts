import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import type { MachineConfig } from '../../config/types.js';
import { runningProcesses, startTimeOf } from '../../state/process-identity.js';
import { createMachine, ended, runModule, SERVER, SIGNAL, STUBBORN } from '../fixtures/machine.js';

const signal = SIGNAL;
const OFF = { power: 'off', incarnation: null };
/** In a process of its own: does one operation on the machine that it is given, and says when it is about to act. */
const OPERATION = `
  import { createDriver } from 'dist/activities/hypervisor/create-driver.js';
  const driver = createDriver({ machines: [JSON.parse(process.argv[1])] });
  const guard = async () => void console.log('acts');
  await driver[process.argv[2]]('m', { signal: AbortSignal.timeout(60000), guard });`;

const driverOf = (machine: MachineConfig): HypervisorDriver => createDriver({ machines: [machine] });

test('however often and concurrently it is started, one process runs', async () => {
  const { machine, driver, output } = await createMachine(SERVER);
  const other = driverOf(machine);

  const started = await Promise.all([driver, other, driver, other].map((each) => each.start('m', { signal })));
  started.push(await driver.start('m', { signal }));

  expect(new Set(started.map(({ incarnation }) => incarnation)).size).toBe(1);
  expect(started[0]).toEqual(await driver.status('m', { signal }));
  expect(await output()).toEqual(['started']);
});

test('one whose start is broken off while it begins is known to the next attempt, which starts no other', async () => {
  const { driver, output } = await createMachine(SERVER);
  const broken = new AbortController();
  const guard = (): Promise<void> => Promise.resolve(broken.abort(new Error('broken off')));

  await expect(driver.start('m', { signal: broken.signal, guard })).rejects.toThrow('aborted');
  const known = await driver.status('m', { signal });
  expect(known.power).toBe('on');
  expect(await driver.start('m', { signal })).toEqual(known);
  await expect.poll(output).toEqual(['started']);
});

test('however often and concurrently it is stopped, it is off', async () => {
  const { machine, driver } = await createMachine(SERVER);
  await driver.start('m', { signal });

  await Promise.all([driver, driverOf(machine)].map((each) => each.stop('m', { signal })));
  await driver.stop('m', { signal });

  expect(await driver.status('m', { signal })).toEqual(OFF);
});

test('however often and concurrently one incarnation is restarted, it restarts once', async () => {
  const { machine, driver, output } = await createMachine(SERVER);
  const expected = (await driver.start('m', { signal })).incarnation ?? '';
  const restart = (each = driver): Promise<unknown> => each.restart('m', { signal, expect: expected });

  const restarted = await Promise.all([restart(), restart(driverOf(machine)), restart()]);
  restarted.push(await restart());

  expect(new Set(restarted.map((status) => JSON.stringify(status))).size).toBe(1);
  expect(restarted[0]).not.toMatchObject({ incarnation: expected });
  expect(await output()).toEqual(['started', 'started']);
});

test('its memory is told while it runs', async () => {
  const { driver } = await createMachine(SERVER);
  expect(await driver.memoryBytes('m', { signal })).toBeNull();
  await driver.start('m', { signal });

  expect(await driver.memoryBytes('m', { signal })).toBeGreaterThan(0);
});

test('a restart that expects another incarnation than the one that runs does nothing', async () => {
  const { driver, output } = await createMachine(SERVER);
  const before = await driver.start('m', { signal });

  expect(await driver.restart('m', { signal, expect: '1@1' })).toEqual(before);
  expect(await output()).toEqual(['started']);
});

test('a machine outlives the process that started it, and any other can tell and stop it', async () => {
  const { machine, driver } = await createMachine(SERVER);
  await ended(runModule(OPERATION, JSON.stringify(machine), 'start'));

  expect(await driver.status('m', { signal })).toMatchObject({ power: 'on' });
  await driver.stop('m', { signal });
  expect(await driver.status('m', { signal })).toEqual(OFF);
});

test('a process that ignores SIGTERM is killed after the stop time-out, and not before', async () => {
  const { machine, driver, output } = await createMachine(STUBBORN, { stopTimeoutMs: 60_000 });
  await driver.start('m', { signal });
  await expect.poll(output).toEqual(['started']);

  await expect(driver.stop('m', { signal: AbortSignal.timeout(300) })).rejects.toThrow('aborted');
  expect(await driver.status('m', { signal })).toMatchObject({ power: 'on' });

  const impatient = driverOf({ ...machine, driver: { ...machine.driver, stopTimeoutMs: 200 } });
  await impatient.stop('m', { signal });
  expect(await driver.status('m', { signal })).toEqual(OFF);
});

test('a machine is off only when the server that its script has started has ended too', async () => {
  const server =
    "process.on('SIGTERM', () => setTimeout(() => process.exit(), 500)); console.log(process.pid); setInterval(() => 0, 1000)";
  const { driver, output } = await createMachine(['sh', '-c', '"$0" -e "$1" & wait', process.execPath, server]);
  await driver.start('m', { signal });
  await expect.poll(output).toHaveLength(1);
  const pid = Number((await output())[0]);
  expect(startTimeOf(pid)).not.toBeNull();

  await driver.stop('m', { signal });

  expect(startTimeOf(pid)).toBeNull();
});

test('a server that leaves the group of its script is measured with it, and ends with it', async () => {
  const { driver, output } = await createMachine([
    'sh',
    '-c',
    'setsid "$0" -e "setInterval(() => 0, 1000)" & echo $!; exec sleep 1000',
    process.execPath,
  ]);
  await driver.start('m', { signal });
  await expect.poll(output).toHaveLength(1);
  const pid = Number((await output())[0]);
  await expect.poll(() => runningProcesses().find((process) => process.pid === pid)?.group).toBe(pid);
  // What its script takes is below one.
  await expect.poll(() => driver.memoryBytes('m', { signal })).toBeGreaterThan(3 * 2 ** 20);

  await driver.stop('m', { signal });

  expect(startTimeOf(pid)).toBeNull();
});

test('nobody else is ended before a boot whose process group has the number of a machine that was', async () => {
  const { driver, record } = await createMachine(SERVER);
  // Its leader ends at once, and leaves the group to another.
  const leader = spawn('sh', ['-c', 'sleep 1000 & echo $!'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const innocent = Number(String(((await once(leader.stdout, 'data')) as [Buffer])[0]));
  onTestFinished(() => void process.kill(innocent));
  await expect.poll(() => startTimeOf(leader.pid ?? 0)).toBeNull();
  await record(leader.pid ?? 0, '1');

  await driver.stop('m', { signal });
  await driver.start('m', { signal });

  expect(startTimeOf(innocent)).not.toBeNull();
});

test('what the first process has left behind when it ended by itself is ended before the next boot', async () => {
  const { driver, output } = await createMachine(['sh', '-c', 'sleep 1000 & echo $!; exec sleep 0.5']);
  await driver.start('m', { signal });
  await expect.poll(async () => (await driver.status('m', { signal })).power).toBe('off');
  const [left] = (await output()).map(Number);
  expect(startTimeOf(left ?? 0)).not.toBeNull();

  await driver.start('m', { signal });

  expect(startTimeOf(left ?? 0)).toBeNull();
});

test.each([
  ['cannot be read', (file: string) => mkdirSync(file)],
  ['is empty', (file: string) => writeFileSync(file, '')],
  ['holds something else', (file: string) => writeFileSync(file, 'no pid\n')],
])('a machine whose state file %s is not taken for one that is off', async (_how, spoil) => {
  const { machine, driver } = await createMachine(SERVER);
  await driver.start('m', { signal });
  const file = join(machine.driver.stateDirectory, 'm.pid');
  const before = readFileSync(file);
  onTestFinished(async () => {
    rmSync(file, { recursive: true });
    writeFileSync(file, before);
    await driver.stop('m', { signal });
  });
  rmSync(file);
  spoil(file);

  for (const act of ['status', 'start', 'stop'] as const)
    await expect(driver[act]('m', { signal })).rejects.toMatchObject({
      code: 'MACHINE_STATE_UNKNOWN',
      message: expect.stringContaining(file) as string,
    });
});

test('a zombie counts as off', async () => {
  const { driver, record } = await createMachine(SERVER);
  // The parent becomes a program that waits for no child.
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void parent.kill());
  const pid = Number(String(((await once(parent.stdout, 'data')) as [Buffer])[0]));
  await record(pid, startTimeOf(pid) ?? '');
  expect(await driver.status('m', { signal })).toMatchObject({ power: 'on' });

  process.kill(pid, 'SIGKILL');

  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2]).toBe('Z');
  expect(await driver.status('m', { signal })).toEqual(OFF);
});

test('a process that has got the pid of a machine is neither taken for it nor ended', async () => {
  const { driver, record } = await createMachine(SERVER);
  const innocent = spawn('sleep', ['1000'], { detached: true });
  onTestFinished(() => void innocent.kill());
  const { pid = 0 } = innocent;
  await record(pid, '1');

  expect(await driver.status('m', { signal })).toEqual(OFF);
  await driver.stop('m', { signal });
  expect(startTimeOf(pid)).not.toBeNull();
  const started = await driver.start('m', { signal });
  expect(started.power).toBe('on');
  expect(started.incarnation).not.toContain(`${pid}@`);
});

test.each([
  ['does not exist', ['/nowhere/server'], '.', 'command'],
  ['shall run in a folder that does not exist', SERVER, '/nowhere', 'cwd'],
])('a command that %s is MACHINE_NOT_STARTABLE, also by looking at it', async (_how, command, cwd, field) => {
  const { driver } = await createMachine(command, { cwd });

  for (const act of ['verify', 'start'] as const)
    await expect(driver[act]('m', { signal })).rejects.toMatchObject({
      code: 'MACHINE_NOT_STARTABLE',
      remedy: expect.stringContaining(`driver.${field}`) as string,
    });
  expect(await driver.status('m', { signal })).toEqual(OFF);
});

test.each([
  ['ends at once', ['sh', '-c', 'exit 3']],
  ['ends at once and well', ['true']],
])('a command that %s is MACHINE_NOT_STARTED, and the machine is off', async (_how, command) => {
  const { driver, machine } = await createMachine(command);

  await expect(driver.start('m', { signal })).rejects.toMatchObject({
    code: 'MACHINE_NOT_STARTED',
    remedy: expect.stringContaining(machine.driver.stateDirectory) as string,
  });
  expect(await driver.status('m', { signal })).toEqual(OFF);
});

test('a machine that nobody has configured is MACHINE_UNKNOWN', async () => {
  const { driver } = await createMachine(SERVER);

  for (const operation of ['status', 'start', 'stop'] as const) {
    await expect((async () => driver[operation]('n', { signal }))()).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
  }
});

test('who operates on a machine keeps others waiting, and does no longer once it is dead', async () => {
  const { machine, driver, output } = await createMachine(STUBBORN, { stopTimeoutMs: 60_000 });
  const { incarnation } = await driver.start('m', { signal });
  await expect.poll(output).toEqual(['started']);
  const holder = runModule(OPERATION, JSON.stringify(machine), 'stop');
  await once(holder.stdout ?? holder, 'data');
  await expect(driver.start('m', { signal: AbortSignal.timeout(300) })).rejects.toThrow('aborted');

  holder.kill('SIGKILL');

  const after = await Promise.all([1, 2, 3, 4].map(() => driver.start('m', { signal })));
  expect(new Set(after.map((status) => status.incarnation))).toEqual(new Set([incarnation]));
});
