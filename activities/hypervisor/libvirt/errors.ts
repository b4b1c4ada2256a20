// What virsh says when it fails, in our codes. Nothing else of libvirt's tells one failure from another.

import { OperatorError } from '../../../config/operator-error.js';

export interface Target {
  /** Of vm-rejuv's machine. */
  machine: string;
  uri: string;
  domain: string;
}

/** virsh has said no, in words of which we make nothing. */
export class VirshRefusal extends Error {
  /** What it had told by then. */
  readonly stdout: string;

  constructor(said: string, stdout: string) {
    super(said);
    this.stdout = stdout;
  }
}

/** The domain is already what it was to become. */
export class AlreadySo extends Error {}

type Failure = (target: Target, said: string) => Error;

/** The first that fits; texts are libvirt's and ssh's. */
const FAILURES: readonly (readonly [RegExp, Failure])[] = [
  [/domain is already (active|running)|domain is not running/i, (_target, said) => new AlreadySo(said)],
  [/host key|host identification|certificate/i, untrusted],
  // libvirt asks polkit by the system bus. A disk that QEMU may not read is no matter of ours, so "permission denied" alone is not enough.
  [/authenticat|access denied|socket to \S+ permission denied|permission denied \(|operation forbidden|system bus/i, refused],
  [
    /no connection driver available|unexpected \S+ URI path|no \S+ URI path|connection URI|transport in URL not recogni[sz]ed|unsupported URI/i,
    wrongUri,
  ],
  [
    /failed to connect|unable to connect|connection (refused|reset|closed|timed out)|no route to host|network is unreachable|cannot (recv|read) data|end of file while reading|client socket is closed|could not resolve hostname|name or service not known|temporary failure in name resolution|keepalive|disconnected|broken pipe/i,
    unreachable,
  ],
  // Another job of the domain is under way, perhaps one that we have asked for.
  [/cannot acquire state change lock|timed out during operation/i, unreachable],
  // Said before the reason too when the connection breaks, so it comes last.
  [/failed to get domain|domain not found|no domain with matching/i, unknownDomain],
];

export function virshFailed(target: Target, { stdout, stderr }: { stdout: string; stderr: string }): Error {
  const said = inOneLine(stderr);
  const [, failure] = FAILURES.find(([pattern]) => pattern.test(stderr)) ?? [null, () => new VirshRefusal(said, stdout)];
  return failure(target, said);
}

export function virshMissing({ machine }: Target, cause: unknown): OperatorError {
  return new OperatorError(
    'VIRSH_MISSING',
    `The driver of machine ${machine} needs virsh, which is not on this host's PATH.`,
    'Install libvirt-clients (Debian) or libvirt-client (Fedora) where the worker runs.',
    { cause },
  );
}

export function virshTooSlow(target: Target, limitMs: number, cause: unknown): OperatorError {
  return unreachable(target, `no answer within ${limitMs / 1000} s`, cause);
}

function wrongUri({ machine, uri }: Target, said: string): OperatorError {
  return new OperatorError(
    'HYPERVISOR_URI_WRONG',
    `libvirt cannot make anything of ${uri}, the uri of machine ${machine} (${said}).`,
    'Correct driver.uri; "virsh uri" shows the one of this host, and "virsh -V" what it was built for.',
  );
}

function refused({ machine, uri }: Target, said: string): OperatorError {
  return new OperatorError(
    'HYPERVISOR_REFUSED',
    `The hypervisor of machine ${machine} at ${uri} does not let us in, or not do that (${said}).`,
    'Give the account of the worker the rights that docs/hypervisors.md lists.',
    { status: 403 },
  );
}

function untrusted({ machine, uri }: Target, said: string): OperatorError {
  return new OperatorError(
    'HYPERVISOR_UNTRUSTED',
    `The hypervisor of machine ${machine} at ${uri} does not prove that it is the one that we know (${said}).`,
    'Find out whether it is; then put its host key into known_hosts of the account of the worker, or its CA where libvirt looks for it.',
  );
}

function unreachable({ machine, uri }: Target, said: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'HYPERVISOR_UNREACHABLE',
    `The hypervisor of machine ${machine} does not answer at ${uri} (${said}).`,
    /socket to \S+ (no such file|connection refused)|no such file or directory/i.test(said)
      ? 'Start libvirtd there, or the daemons that have taken its place: systemctl start libvirtd, or virtqemud.socket.'
      : `Look at it by "virsh -c ${uri} list --all".`,
    { status: 502, retryable: true, cause },
  );
}

export function isSaved({ machine, uri, domain }: Target): OperatorError {
  return new OperatorError(
    'MACHINE_SUSPENDED',
    `The domain ${domain} of machine ${machine} is off with its memory saved: its aged memory would be resumed, or thrown away.`,
    `Start it by hand, or throw that away by "virsh -c ${uri} managedsave-remove ${domain}"; then try again.`,
  );
}

/** What it is now tells nothing of what it is about to be. */
export function domainBusy(target: Target): OperatorError {
  return unreachable(target, `the domain ${target.domain} is off while a job for it is under way, perhaps its reboot`);
}

/** Retryable: while it reboots, a guest of Xen is not found for a while. */
function unknownDomain({ machine, uri, domain }: Target): OperatorError {
  return new OperatorError(
    'DOMAIN_UNKNOWN',
    `The hypervisor at ${uri} does not know the domain ${domain} of machine ${machine}.`,
    `Correct driver.domain or driver.uri; "virsh -c ${uri} list --all" lists what it knows.`,
    { status: 404, retryable: true },
  );
}

/** Without what virsh puts before it, and as a part of our sentence. */
function inOneLine(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^error: /, '').trim())
    .filter((line) => line !== '' && !/^@+$/.test(line));
  return lines.join(' ').replace(/\.$/, '').slice(0, 300) || 'it does not say why';
}
