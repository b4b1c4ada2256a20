// Which faults at which moments.

import type { Fault } from './fault.js';
import { FAULTS } from './faults/index.js';
import type { Moment, Point } from './points.js';
import { pointsOf } from './points.js';
import type { Procedure, Step } from './procedure.js';
import { procedureOf } from './procedure.js';
import type { StageOptions } from './stage.js';

export interface Choice {
  app: StageOptions['app'];
  /** What is not chosen is everything. */
  fault?: readonly string[];
  of?: Procedure;
  step?: Step;
  point?: Point;
  proxies?: 1 | 2;
  /** Each fault at all its moments; without it, and without a chosen fault, at one. */
  all: boolean;
}

export interface Planned extends Moment {
  fault: Fault;
  proxies: 1 | 2;
}

/** `random` chooses where one moment is wanted. `onLeftOut` is told what cannot be inflicted here, and why. */
export function plan(choice: Choice, random: () => number, onLeftOut: (line: string) => void): Planned[] {
  const possible = FAULTS.filter((fault) => {
    const { name, apps, missing } = fault;
    if (choice.fault?.includes(name) === false || momentsOf(fault, choice).length === 0) return false;
    const why = apps?.includes(choice.app) === false ? `not with ${choice.app}` : (missing?.() ?? null);
    if (why !== null) onLeftOut(`${name} is left out: ${why}`);
    return why === null;
  });
  const planned = possible.flatMap((fault) => {
    const moments = momentsOf(fault, choice);
    const wanted =
      choice.all || choice.fault !== undefined ? moments : moments.slice(Math.floor(random() * moments.length)).slice(0, 1);
    const counts = choice.proxies === undefined ? (fault.proxies ?? [2]) : [choice.proxies];
    return wanted.flatMap((moment) => counts.map((proxies) => ({ fault, ...moment, proxies })));
  });
  // A stage serves one count.
  return planned.sort((one, other) => other.proxies - one.proxies);
}

/** What of a choice does not exist, in words, or null. */
export function impossible(choice: Choice): string | null {
  const { app, fault: names, of, step, point } = choice;
  const where = [point, step, of].filter((part) => part !== undefined).join(' ');
  for (const fault of FAULTS.filter(({ name }) => names?.includes(name))) {
    if (fault.apps?.includes(app) === false) return `${fault.name} is not for --app ${app}.`;
    if (momentsOf(fault, choice).length === 0) {
      return `${fault.name} is not there ${where}. Allowed: points ${fault.points.join(', ')} of steps ${fault.steps.join(', ')}.`;
    }
  }
  return FAULTS.some((fault) => momentsOf(fault, choice).length > 0) ? null : `No fault is there ${where}.`;
}

function momentsOf({ steps, points }: Fault, choice: Choice): Moment[] {
  return steps
    .filter((step) => choice.of === undefined || choice.of === procedureOf(step))
    .flatMap((step) => points.filter((point) => pointsOf(step).includes(point)).map((point) => ({ step, point })))
    .filter(({ step }) => choice.step === undefined || choice.step === step)
    .filter(({ point }) => choice.point === undefined || choice.point === point);
}
