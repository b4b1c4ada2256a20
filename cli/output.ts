// What commands print: for people, or one JSON object per line for programs; and how they end.

import { describeError, OperatorError } from '../config/operator-error.js';
import { RestartFailure } from './restart-failure.js';

/** 1: the command was carried out and failed. */
const EXIT_FAILED = 1;
/** 2: the command was refused; nothing was changed. */
export const EXIT_REFUSED = 2;
const REFUSALS = new Set([
  'USAGE',
  'CONFIG_INVALID',
  'CONFIG_UNREADABLE',
  'SECRET_MISSING',
  'POOL_UNKNOWN',
  'PROXY_UNKNOWN',
  'PROXY_ALIVE',
  'MACHINE_UNKNOWN',
  'PORT_TAKEN',
  'ADDRESS_UNUSABLE',
  'NAME_TAKEN',
  'ALREADY_UP',
  'DATA_UNUSABLE',
  'POOL_IN_USE',
  'MACHINE_NOT_STARTABLE',
  'RESTART_RUNNING',
  'RESTART_NOT_RUNNING',
  'UPDATE_REFUSED',
  'POLICY_MISSING',
  'RECORDING_UNREADABLE',
  'RECORDING_INVALID',
  'POLICY_UNREADABLE',
  'POLICY_INVALID',
]);

export interface OutputOptions {
  json?: boolean;
}

/** Prints `text`, or with --json `value` on one line. */
export function print(options: OutputOptions, text: string, value: unknown): void {
  console.log(options.json ? JSON.stringify(value) : text);
}

/** Prints an error without a stack trace and sets the exit code. */
export function fail(options: OutputOptions, error: unknown): void {
  const known = error instanceof OperatorError;
  if (options.json) {
    const { code, message, remedy } = inWords(error);
    console.log(JSON.stringify({ error: { code, message, remedy } }));
  } else {
    console.error(describeError(error));
  }
  if (process.env['VM_REJUV_DEBUG']) console.error(error);
  const refused = known && !(error instanceof RestartFailure) && REFUSALS.has(error.code);
  process.exitCode = refused ? EXIT_REFUSED : EXIT_FAILED;
}

/** An error of no code of its own is a mistake of ours. */
export function inWords(error: unknown): OperatorError {
  return error instanceof OperatorError ? error : new OperatorError('INTERNAL', describeError(error), '');
}
