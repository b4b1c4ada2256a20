// A machine behind switches that accept what they then may not do, or do and whose answer is lost: observe, act, observe until it is so.

import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, OperatorError } from '../../config/operator-error.js';
import { hypervisorFailed } from '../errors.js';
import type { MachineDriver, MachineStatus, OperationOptions, RestartOptions } from './driver.js';
import { nameOf } from './driver.js';
import { hasBooted, isTold } from './incarnation.js';
import { oneAtATime } from './machine-lock.js';

/** A guest boots in seconds, and a look is a few calls of some 20 ms each. */
const POLL_MS = 250;
/** After a call that failed: the next one may need what has just broken. */
const AFTER_FAILURE_MS = 1000;
const ASK_LIMIT_MS = 15_000;
/** So many calls may a hypervisor take to do, or to tell, what does not depend on the guest. Chosen. */
const CALLS = 2;
/** So often in a row, a second apart, a hypervisor means no. Chosen. */
const REFUSALS = 3;
/** While it reboots, a guest of Xen is not found for some polls; a connection comes back or does not. Chosen. */
const LOOK_TIMEOUT_MS = 5000;

/** `on` also when it is paused: only a hypervisor that says so itself is believed that a machine is off. */
export interface Sight {
  power: 'on' | 'off' | 'crashed';
  /** Null unless on. Its boot id is missing while the guest does not tell it. */
  incarnation: string | null;
}

/**
 * What a hypervisor has for one machine. Each call is one request. A state that is there already is no error; an OperatorError that is
 * not retryable ends the operation; after any other the machine is looked at again.
 */
export interface Switch {
  look: (signal: AbortSignal) => Promise<Sight>;
  powerOn: Way;
  /** Ways to ask the guest to end by itself; each is asked, for it may hear one alone. */
  asksToEnd: readonly Way[];
  /** Takes the power away. */
  cutOff: Way;
  /** Asks the guest to reboot by itself; null where that cannot be asked. */
  askToReboot: Way | null;
  /** Null where there is no such thing. */
  reset: Way | null;
}

type Way = (signal: AbortSignal) => Promise<void>;

export interface SwitchedMachine {
  name: string;
  /** Tells it from all other machines: one operation at a time. */
  key: string;
  /** How long the guest may take to do what it is asked, and to tell its boot id. */
  stopTimeoutMs: number;
  /** How long one call may take that asks something of the hypervisor. Default 15 s. */
  askLimitMs?: number;
  switch: Switch;
  renewal?: Renewal;
}

/** What a restart makes of a machine besides another boot, so that it cannot be a reboot. A restart has a name of its own. */
export interface Renewal {
  isDone(restart: string, signal: AbortSignal): Promise<boolean>;
  /** Does what can be done while the machine runs, and resolves with the rest. Whatever changes something calls the guard before. */
  prepare(restart: string, options: OperationOptions): Promise<(whileOff: OperationOptions) => Promise<void>>;
}

interface Operations extends Pick<MachineDriver, 'status' | 'start' | 'stop' | 'restart'> {
  /** Ensures that the machine is off, then that the work is done, then that the machine runs. */
  offAndOn(options: OperationOptions, work: (whileOff: OperationOptions) => Promise<void>): Promise<MachineStatus>;
}

export function createSwitched(machine: SwitchedMachine): Operations {
  const locked = <T>({ signal }: OperationOptions, work: () => Promise<T>): Promise<T> =>
    oneAtATime(machine.name, machine.key, signal, work);
  return {
    status: async ({ signal }) => statusOf(await look(machine, LOOK_TIMEOUT_MS, signal)),
    start: (options) => locked(options, () => start(machine, options)),
    stop: (options) => locked(options, () => stop(machine, options)),
    restart: (options) => locked(options, () => restart(machine, options)),
    offAndOn: (options, work) => locked(options, () => offAndOn(machine, options, work)),
  };
}

async function start(machine: SwitchedMachine, options: OperationOptions): Promise<MachineStatus> {
  const { powerOn, cutOff } = machine.switch;
  const isOn = ({ power }: Sight): boolean => power === 'on';
  // What is left of a crashed machine keeps its place until it is taken away.
  const sight = await ensure(machine, options, isOn, ({ power }) => (power === 'crashed' ? cutOff : powerOn), notStarted);
  return statusOf(sight);
}

async function stop(machine: SwitchedMachine, options: OperationOptions): Promise<void> {
  const { cutOff } = machine.switch;
  let answer: Answer = 'lost';
  await waitFor(machine, machine.stopTimeoutMs, options.signal, async ({ power }) => {
    // Whoever is asked twice to end, ends.
    if (power === 'on' && answer === 'lost') answer = await askToEnd(machine, options);
    return power !== 'on' || answer === 'refused';
  });
  await ensure(
    machine,
    options,
    ({ power }) => power === 'off',
    () => cutOff,
    notStopped,
  );
}

async function restart(machine: SwitchedMachine, options: RestartOptions): Promise<MachineStatus> {
  const { expect, signal } = options;
  const hasBootedIn = ({ incarnation }: Sight): boolean | null => (incarnation === null ? null : hasBooted(expect, incarnation));
  // It may be in the middle of the reboot that somebody has asked for before. What was silent then can never be compared.
  const canTell = (sight: Sight): boolean => sight.power !== 'on' || hasBootedIn(sight) !== null || !isTold(expect);
  let sight = await waitFor(machine, machine.stopTimeoutMs, signal, canTell);
  const { switch: own, renewal } = machine;
  const isRenewed = renewal === undefined || (await renewal.isDone(nameOf(options), signal));
  const isDone = (now: Sight): boolean => isRenewed && now.power === 'on' && hasBootedIn(now) === true;
  for (const way of renewal === undefined ? [own.askToReboot, own.reset] : []) {
    // Only of a guest that tells its boot id can be seen that it has rebooted.
    if (way === null || sight?.power !== 'on' || hasBootedIn(sight) !== false || !isTold(expect)) continue;
    // One that was lost may have been heard, so it is never repeated: twice could be two reboots.
    if ((await ask(way, options)).answer === 'refused') continue;
    sight = (await waitFor(machine, machine.stopTimeoutMs, signal, (now) => now.power !== 'on' || isDone(now))) ?? sight;
  }
  if (sight !== null && isDone(sight)) return statusOf(sight);
  // Of any other guest can be seen from outside only that it is off, and then another instance.
  const whileOff = isRenewed ? () => Promise.resolve() : await renewal.prepare(nameOf(options), options);
  return offAndOn(machine, options, whileOff);
}

async function offAndOn(
  machine: SwitchedMachine,
  options: OperationOptions,
  work: (whileOff: OperationOptions) => Promise<void>,
): Promise<MachineStatus> {
  await stop(machine, options);
  await work(options);
  return start(machine, options);
}

/** The best of the answers. */
async function askToEnd({ switch: own }: SwitchedMachine, options: OperationOptions): Promise<Answer> {
  const answers: Answer[] = [];
  for (const way of own.asksToEnd) answers.push((await ask(way, options)).answer);
  return (['accepted', 'lost'] as const).find((answer) => answers.includes(answer)) ?? 'refused';
}

type Answer = 'accepted' | 'refused' | 'lost';

/** One external effect. Of an answer that was lost nobody knows whether the effect was. */
async function ask(way: Way, { guard, signal }: OperationOptions): Promise<{ answer: Answer; why?: unknown }> {
  await guard?.();
  try {
    await way(signal);
    return { answer: 'accepted' };
  } catch (why) {
    throwIfFinal(why, signal);
    await sleep(AFTER_FAILURE_MS, undefined, { signal });
    return { answer: why instanceof OperatorError ? 'lost' : 'refused', why };
  }
}

/** Acts until it is so: what was accepted need not have been done. */
async function ensure(
  machine: SwitchedMachine,
  options: OperationOptions,
  isSo: (sight: Sight) => boolean,
  wayOut: (sight: Sight) => Way,
  failure: (machine: string, why: unknown) => Error,
): Promise<Sight> {
  let why: unknown;
  let refusals = 0;
  const sight = await waitFor(machine, CALLS * (machine.askLimitMs ?? ASK_LIMIT_MS), options.signal, async (now) => {
    if (isSo(now)) return true;
    const asked = await ask(wayOut(now), options);
    why = asked.why;
    refusals = asked.answer === 'refused' ? refusals + 1 : 0;
    if (refusals === REFUSALS) throw failure(machine.name, why);
    return false;
  });
  if (sight === null) throw failure(machine.name, why);
  return sight;
}

function look(machine: SwitchedMachine, limitMs: number, signal: AbortSignal): Promise<Sight> {
  return waitFor(machine, limitMs, signal, () => true) as Promise<Sight>;
}

/**
 * Looks until it has seen enough; null when it has not within its limit. Throws what keeps it from seeing anything at the end of it:
 * a machine that is not found, or a connection that is lost, says nothing about power.
 */
async function waitFor(
  { switch: own }: SwitchedMachine,
  limitMs: number,
  signal: AbortSignal,
  isEnough: (sight: Sight) => boolean | Promise<boolean>,
): Promise<Sight | null> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const sight = await own.look(signal).catch((error: unknown) => {
      throwIfFinal(error, signal);
      if (performance.now() > deadline) throw error;
      return null;
    });
    if (sight !== null && (await isEnough(sight))) return sight;
    if (sight !== null && performance.now() > deadline) return null;
    await sleep(POLL_MS, undefined, { signal });
  }
}

function throwIfFinal(error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted();
  if (isFinal(error)) throw error;
}

function statusOf({ power, incarnation }: Sight): MachineStatus {
  return power === 'on' ? { power, incarnation } : { power: 'off', incarnation: null };
}

function notStarted(machine: string, why: unknown): Error {
  if (!(why instanceof Error) || why instanceof OperatorError) return hypervisorFailed(machine, 'has not started it', why);
  const message = `The hypervisor of machine ${machine} refuses to start it: ${why.message}.`;
  return new OperatorError('MACHINE_NOT_STARTED', message, 'Start it by hand to see what it lacks, and correct that.', {
    cause: why,
  });
}

const notStopped = (machine: string, why: unknown): Error => hypervisorFailed(machine, 'has not stopped it', why);
