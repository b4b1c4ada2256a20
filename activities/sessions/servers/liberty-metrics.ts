// What a Liberty tells of itself on the page of mpMetrics.

import { readFileSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import { Agent, request } from 'undici';
import { codeOf } from '../../../config/error-code.js';
import { ofMachine } from '../../../config/machine-address.js';
import { OperatorError } from '../../../config/operator-error.js';
import type { LibertyMetricsConfig, MachineConfig } from '../../../config/types.js';
import { within } from '../../../config/within.js';
import { samplesIn, sumOf } from '../../../monitor/prometheus-text.js';
import { machineUnreachable, notMovable } from '../../errors.js';
import { cookiesSetBy } from '../canary-visit.js';
import type { MachinePair } from '../mechanism.js';
import type { Application } from '../unnamed-applications.js';

/** A page takes some 10 ms, and a hundred on a loaded host. Chosen. */
const LIMIT_MS = 5000;
const MOST_CHARS = 4_000_000;
const ACTIVE = 'session_activeSessions';
const LIVE = 'session_liveSessions';
const BEGUN = 'session_create_total';
/** Counted by monitor-1.0 from the first request on. */
const ALWAYS = 'threadpool_size';
/** Node's and OpenSSL's names for a certificate that proves nothing. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|^ERR_TLS|^ERR_SSL/;

interface Page {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  text: string;
}

export class LibertyMetrics {
  private agent: Agent | undefined;
  /** By machine. The page begins a session of its own for whoever comes without one. */
  private readonly jars = new Map<string, Map<string, string>>();

  /** `sessionCookies`: names that are not those of a log-in. */
  constructor(
    private readonly config: LibertyMetricsConfig,
    private readonly sessionCookies: readonly string[],
  ) {}

  /**
   * Requests that use sessions of these applications and have not saved them yet; null where none of them has been used since the boot, or
   * nobody counts them.
   */
  async activeSessions(machine: MachineConfig, applications: readonly string[], signal: AbortSignal): Promise<number | null> {
    const samples = samplesIn((await this.page(machine, signal)).text);
    const counts = applications.map((appname) => sumOf(samples, ACTIVE, { appname }));
    return counts.every((count) => count === null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  /** All applications that have had sessions, by the names of monitor-1.0, but for the page itself. */
  async applications(machine: MachineConfig, signal: AbortSignal): Promise<Application[]> {
    const samples = samplesIn((await this.page(machine, signal)).text);
    const own = new URL(this.urlOf(machine)).pathname.replace(/\W/g, '_');
    const names = samples
      .filter(({ metric }) => metric === BEGUN)
      .map(({ labels }) => /appname="([^"]*)"/.exec(labels)?.[1] ?? '');
    return names
      .filter((name) => !name.endsWith(own))
      .map((appname) => ({
        name: appname,
        active: sumOf(samples, LIVE, { appname }) ?? 0,
        begun: sumOf(samples, BEGUN, { appname }) ?? 0,
        stores: true,
      }));
  }

  /** Refuses a machine whose page is not there, not for us, or without the metrics of monitor-1.0. */
  async mustTell(machine: MachineConfig, signal: AbortSignal): Promise<void> {
    const { text } = await this.page(machine, signal);
    if (sumOf(samplesIn(text), ALWAYS) === null) throw this.failed(machine, 'has no metrics of monitor-1.0');
  }

  /**
   * Refuses two machines of which the standby does not accept a log-in of the primary's: their LTPA keys differ. Where the page is for
   * everybody, or nothing is set at a log-in, nothing can be seen.
   */
  async mustTrustLogIns({ primary, standby }: MachinePair, signal: AbortSignal): Promise<void> {
    const { login } = this.config;
    if (login === null) return;
    const { headers } = await this.ask(primary, { authorization: basic(login) }, signal);
    const token = cookiesIn(headers).filter(([name]) => !this.sessionCookies.includes(name));
    if (token.length === 0) return;
    const { status } = await this.ask(standby, { cookie: asHeader(token) }, signal);
    if (status === 200) return;
    throw notMovable(
      `Machine ${standby.name} does not accept a log-in of machine ${primary.name}: it answers ${status}.`,
      'Give both the same file of LTPA keys (ltpa keysFileName, keysPassword) and the same user registry.',
    );
  }

  async close(): Promise<void> {
    await this.agent?.close();
  }

  private async page(machine: MachineConfig, signal: AbortSignal): Promise<Page> {
    const { login } = this.config;
    const jar = this.jars.get(machine.name) ?? new Map<string, string>();
    this.jars.set(machine.name, jar);
    const authorization = login === null ? {} : { authorization: basic(login) };
    const page = await this.ask(
      machine,
      jar.size === 0 ? authorization : { ...authorization, cookie: asHeader([...jar]) },
      signal,
    );
    if (page.status === 200) {
      for (const [name, value] of cookiesIn(page.headers)) jar.set(name, value);
      return page;
    }
    // What a machine had set before its restart may be worth nothing after it.
    if (jar.size > 0) {
      this.jars.delete(machine.name);
      return this.page(machine, signal);
    }
    const { status, headers } = page;
    if (status === 401 || status === 403) throw this.refused(machine, status);
    const location = headers['location'] === undefined ? '' : `, and refers to another place: it is for https alone`;
    throw this.failed(machine, `answers ${status}${location}`);
  }

  private async ask(machine: MachineConfig, headers: Record<string, string>, signal: AbortSignal): Promise<Page> {
    const url = new URL(this.urlOf(machine));
    // Of the base scope nothing is needed, and each number costs.
    url.searchParams.set('scope', 'vendor');
    this.agent ??= new Agent({ connect: { ca: this.ca() } });
    const dispatcher = this.agent;
    try {
      return await within(LIMIT_MS, signal, async (limited) => {
        const response = await request(url, { headers: { ...headers, accept: 'text/plain' }, dispatcher, signal: limited });
        const text = await response.body.text();
        return { status: response.statusCode, headers: response.headers, text: text.slice(0, MOST_CHARS) };
      });
    } catch (cause) {
      signal.throwIfAborted();
      if (UNTRUSTED.test(codeOf(cause))) throw this.untrusted(machine, cause);
      throw machineUnreachable(machine.name, url.pathname, cause);
    }
  }

  private urlOf(machine: MachineConfig): string {
    return ofMachine(this.config.url, machine);
  }

  private ca(): string | undefined {
    const { caFile } = this.config;
    try {
      return caFile === null ? undefined : readFileSync(caFile, 'utf8');
    } catch (cause) {
      throw new OperatorError(
        'LIBERTY_UNTRUSTED',
        `sessions.metrics.caFile, ${caFile ?? ''}, cannot be read (${codeOf(cause)}).`,
        'Make it readable for the worker, or correct its path.',
        { cause },
      );
    }
  }

  private untrusted(machine: MachineConfig, cause: unknown): OperatorError {
    return new OperatorError(
      'LIBERTY_UNTRUSTED',
      `The certificate of machine ${machine.name} at ${this.urlOf(machine)} does not prove that it is that machine (${codeOf(cause)}).`,
      'Name what it is signed by in sessions.metrics.caFile, and the host in sessions.metrics.url as the certificate does.',
      { cause },
    );
  }

  private refused(machine: MachineConfig, status: number): OperatorError {
    return new OperatorError(
      'LIBERTY_METRICS_PASSWORD',
      `Machine ${machine.name} does not let ${this.config.login?.user ?? 'us'} read its metrics: it answers ${status}.`,
      'Correct sessions.metrics.login, and give that user the administrator-role or reader-role.',
    );
  }

  private failed(machine: MachineConfig, what: string): OperatorError {
    return new OperatorError(
      'LIBERTY_METRICS_FAILED',
      `${this.urlOf(machine)} of machine ${machine.name} ${what}.`,
      'Give the server the features monitor-1.0 and mpMetrics, and correct sessions.metrics.url.',
    );
  }
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function cookiesIn(headers: Page['headers']): [string, string][] {
  return cookiesSetBy(headers).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function asHeader(cookies: readonly (readonly [string, string])[]): string {
  return cookies.map(([name, value]) => `${name}=${value}`).join('; ');
}
