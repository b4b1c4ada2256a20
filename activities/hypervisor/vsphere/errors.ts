// What keeps a call of the vSphere API from succeeding, in our codes.

import { codeOf } from '../../../config/error-code.js';
import { OperatorError } from '../../../config/operator-error.js';

export interface Target {
  /** Of vm-rejuv's machine. */
  machine: string;
  /** Of the API's endpoint. */
  url: string;
  /** Inventory path or instance UUID. */
  vm: string;
}

/** The server has said no; `fault` is the API's name for why. */
export class VimFault extends Error {
  constructor(
    readonly fault: string,
    said: string,
  ) {
    super(said === '' ? fault : `${fault}: ${said}`);
  }
}

/** Node's and OpenSSL's names for a certificate that proves nothing. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|^ERR_TLS|^ERR_SSL/;

/** A call that got no answer. */
export function callFailed(target: Target, error: unknown): Error {
  const code = codeOf(error);
  if (typeof code === 'string' && UNTRUSTED.test(code)) return untrusted(target, error);
  return unreachable(target, error instanceof Error ? (code ?? error.message) : String(error), error);
}

/** What the fault means for whoever has asked; one of which we make nothing stays as it is. */
export function faultMeant(target: Target, fault: VimFault): Error {
  switch (fault.fault) {
    case 'InvalidLogin':
    case 'NoPermission':
    // The licence of a free ESXi host lets the API only read.
    case 'RestrictedVersion':
      return refused(target, fault);
    case 'ManagedObjectNotFound':
      return unknownVm(target, true);
    // Another task of the machine is under way, perhaps one that we have asked for, or the server has just started.
    case 'TaskInProgress':
    case 'NotAuthenticated':
    case 'HostCommunication':
    case 'HostNotConnected':
    case 'HostNotReachable':
    case 'Timedout':
      return unreachable(target, fault.message, fault);
    default:
      return fault;
  }
}

export function unreachable({ machine, url }: Target, said: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'HYPERVISOR_UNREACHABLE',
    `The vSphere API of machine ${machine} at ${url} does not answer, or cannot now (${said}).`,
    'Look at the server and at the way to it.',
    { status: 502, retryable: true, cause },
  );
}

export function noApi({ machine, url }: Target, said: string): OperatorError {
  return new OperatorError(
    'HYPERVISOR_URI_WRONG',
    `What answers at ${url}, the url of machine ${machine}, does not speak the vSphere API (${said}).`,
    'Correct driver.url; it is that of vCenter or of an ESXi host, such as https://vcenter.example.',
  );
}

export function refused({ machine, url }: Target, cause: VimFault): OperatorError {
  return new OperatorError(
    'HYPERVISOR_REFUSED',
    `The vSphere API of machine ${machine} at ${url} does not let us in, or not do that (${cause.message}).`,
    'Check driver.user and driver.password, and give the user the role that docs/hypervisors.md lists.',
    { status: 403, cause },
  );
}

function untrusted({ machine, url }: Target, cause: unknown): OperatorError {
  return new OperatorError(
    'HYPERVISOR_UNTRUSTED',
    `The vSphere API of machine ${machine} at ${url} does not prove that it is the one that we know (${String(codeOf(cause))}).`,
    'Find out whether it is; then name the file of its CA in driver.caFile, and the host in driver.url as its certificate does.',
    { cause },
  );
}

export function caUnreadable({ machine }: Target, file: string, cause: unknown): OperatorError {
  return new OperatorError(
    'HYPERVISOR_UNTRUSTED',
    `driver.caFile of machine ${machine}, ${file}, cannot be read (${String(codeOf(cause))}).`,
    'Put the CA of the vSphere server there, as PEM, or correct the path.',
    { cause },
  );
}

/** Retryable during an operation: a host that comes back registers its machines anew. */
export function unknownVm({ machine, url, vm }: Target, retryable: boolean): OperatorError {
  return new OperatorError(
    'VM_UNKNOWN',
    `The vSphere API at ${url} does not show us the virtual machine ${vm} of machine ${machine}.`,
    'Correct driver.vm, an inventory path such as Datacenter/vm/tomcat-a or an instance UUID, or let driver.user see it.',
    { status: 404, retryable },
  );
}

/** Its power could be anything. */
export function outOfSight({ machine, vm }: Target, state: string): OperatorError {
  return new OperatorError(
    'HYPERVISOR_UNREACHABLE',
    `vSphere does not know the state of the virtual machine ${vm} of machine ${machine}: it is ${state}.`,
    'Look at the host that it runs on.',
    { status: 502, retryable: true },
  );
}

export function isSuspended({ machine, vm }: Target): OperatorError {
  return new OperatorError(
    'MACHINE_SUSPENDED',
    `The virtual machine ${vm} of machine ${machine} is suspended: its aged memory would be resumed, or thrown away.`,
    'Resume it, or switch it off, by hand; then try again.',
  );
}

export function isTemplate({ machine, vm }: Target): OperatorError {
  return new OperatorError(
    'MACHINE_NOT_STARTABLE',
    `${vm}, the virtual machine of machine ${machine}, is a template.`,
    'Name a virtual machine in driver.vm.',
  );
}

export function lacksRights({ machine, vm }: Target, privileges: readonly string[]): OperatorError {
  return new OperatorError(
    'HYPERVISOR_REFUSED',
    `driver.user of machine ${machine} may not do all that a restart of ${vm} needs: it lacks ${privileges.join(', ')}.`,
    'Give it the role that docs/hypervisors.md lists, on this virtual machine.',
    { status: 403 },
  );
}
