// All proxies of a pool, as the register names them, over their admin API.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type {
  CanaryReport,
  HoldAcknowledgement,
  HoldEnd,
  HoldRequest,
  HoldTimes,
  PoolReport,
  SeenKeys,
  StreamsClosed,
  TrafficReport,
} from '../proxy/admin-api.js';
import { OperatorError } from '../config/operator-error.js';
import type { HealthConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { isProvedDead } from '../state/process-identity.js';
import type { ProxyRow } from '../state/proxy-register.js';
import { endProxy, liveProxies } from '../state/proxy-register.js';
import { noProxy, notIt, proxyRefused, proxyTrouble, standbyUnreachable } from './errors.js';

const CALL_TIMEOUT_MS = 2000;
/** After this a proxy that does not answer becomes the operator's business; Temporal asks again all the same. Chosen. */
const PATIENCE_MS = 5000;
/** Longer than any sensible health check. Chosen. */
const CANARY_TIMEOUT_MS = 30_000;
const CANARY_PAUSE_MS = 250;
/** To a proxy and back, beside what its health check may take. Chosen. */
export const WAY_MS = 1000;
const POLL_MS = 20;

export class ProxyFleet {
  constructor(
    private readonly database: Database,
    private readonly pool: string,
    private readonly token: string,
    /** Past the point of no return a pool waits for its proxies to come back, rather than for an operator. */
    private readonly mayBeWithout = false,
  ) {}

  /** The same proxies, from the point of no return on. */
  pastReturn(): ProxyFleet {
    return new ProxyFleet(this.database, this.pool, this.token, true);
  }

  /** Whether a proxy answers as the incarnation that is registered. What a proxy there has against us is thrown. */
  async answers(proxy: ProxyRow): Promise<boolean> {
    try {
      await this.call<PoolReport>(proxy, 'GET', '');
      return true;
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      return false;
    }
  }

  /** Waits until every registered proxy routes by `epoch` or a later one. */
  async allReport(epoch: number, signal: AbortSignal): Promise<PoolReport[]> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      signal.throwIfAborted();
      const reports = await this.each((proxy) => this.call<PoolReport>(proxy, 'POST', 'reload'), deadline);
      if (reports !== null && reports.every((report) => report.epoch >= epoch)) return reports;
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  /** Asks every registered proxy to hold, in parallel. Resolves with their acknowledgements, or with null as soon as one does not hold. */
  async hold(id: number, hold: HoldRequest): Promise<HoldAcknowledgement[] | null> {
    const proxies = await liveProxies(this.database, this.pool);
    return Promise.all(
      proxies.map((proxy) => this.call<HoldAcknowledgement>(proxy, 'PUT', `holds/${id}`, hold, hold.budgetMs + CALL_TIMEOUT_MS)),
    ).catch(() => null);
  }

  /** Tells every proxy how a hold has ended. Errors do not matter: the row says the same. */
  async endHold(id: number, end: HoldEnd): Promise<void> {
    const proxies = await liveProxies(this.database, this.pool);
    await Promise.allSettled(proxies.map((proxy) => this.call(proxy, 'POST', `holds/${id}/end`, end)));
  }

  /** Every proxy sends a canary to the standby; STANDBY_UNREACHABLE when one gets no healthy answer, tried again for a while. */
  async canary(standby: string, signal: AbortSignal): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; ;) {
      const ill = (
        await this.must((proxy) => this.call<CanaryReport>(proxy, 'POST', 'canary', undefined, CANARY_TIMEOUT_MS))
      ).find(({ seen }) => seen !== null);
      if (ill === undefined) return;
      if (performance.now() > deadline) throw standbyUnreachable(standby, ill.proxy, ill.seen ?? '');
      await sleep(CANARY_PAUSE_MS, undefined, { signal });
    }
  }

  /**
   * What proxies see of a machine in place of health, null of those that find it well. Asks once; a proxy that does not answer, and a little
   * longer than its health check may take, is left out.
   */
  async healthSeen(of: 'active' | 'standby', { timeoutMs }: HealthConfig): Promise<CanaryReport[]> {
    return this.ofSome((proxy) => this.call<CanaryReport>(proxy, 'POST', `canary?of=${of}`, undefined, timeoutMs + WAY_MS));
  }

  /** Lets the proxies load their pool, and waits for a while until all that answer route by `epoch`. Whoever does not answer learns it by notification. */
  async someReport(epoch: number, signal: AbortSignal): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
      const reports = await this.ofSome((proxy) => this.call<PoolReport>(proxy, 'POST', 'reload')).catch(() => []);
      if (reports.length > 0 && reports.every((report) => report.epoch >= epoch)) return;
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  async seenKeys(): Promise<SeenKeys[]> {
    return this.must((proxy) => this.call<SeenKeys>(proxy, 'GET', 'keys'));
  }

  /** As `seenKeys`, without `keys`, of which there may be thousands. */
  async seenStreams(): Promise<SeenKeys[]> {
    return this.must((proxy) => this.call<SeenKeys>(proxy, 'GET', 'keys?of=streams'));
  }

  async reports(): Promise<PoolReport[]> {
    return this.must((proxy) => this.call<PoolReport>(proxy, 'POST', 'reload'));
  }

  /** Of the proxies that answer, asked once. */
  async traffic(): Promise<TrafficReport[]> {
    return this.ofSome((proxy) => this.call<TrafficReport>(proxy, 'GET', 'traffic'));
  }

  /** Of every registered proxy, asked once: NO_PROXY where there is none, and what one has against it, or PROXY_UNREACHABLE. */
  async trafficOfAll(): Promise<TrafficReport[]> {
    return this.must((proxy) => this.call<TrafficReport>(proxy, 'GET', 'traffic'), 0);
  }

  async holdTimes(): Promise<HoldTimes[]> {
    return this.must((proxy) => this.call<HoldTimes>(proxy, 'GET', 'hold-times'));
  }

  async closeStreams(): Promise<number> {
    const answers = await this.must((proxy) => this.call<StreamsClosed>(proxy, 'POST', 'streams/close'));
    return answers.reduce((sum, answer) => sum + answer.closed, 0);
  }

  /** Answers of the proxies that give one, for what a proxy that is cut off must not hold up. Throws when there are proxies, and none answers. */
  private async ofSome<T>(ask: (proxy: ProxyRow) => Promise<T>): Promise<T[]> {
    const proxies = await liveProxies(this.database, this.pool);
    const answers = await Promise.allSettled(proxies.map(ask));
    const [failed] = answers.filter((answer) => answer.status === 'rejected');
    const values = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (values.length === 0 && failed !== undefined) throw failed.reason;
    return values;
  }

  private async must<T>(ask: (proxy: ProxyRow) => Promise<T>, patienceMs = PATIENCE_MS): Promise<T[]> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const answers = await this.each(ask, deadline);
      if (answers !== null) return answers;
      await sleep(POLL_MS);
    }
  }

  /** Null when somebody did not answer and it is worth asking again: the register is read anew each time. */
  private async each<T>(ask: (proxy: ProxyRow) => Promise<T>, deadline: number): Promise<T[] | null> {
    const proxies = await liveProxies(this.database, this.pool);
    if (proxies.length === 0) {
      if (performance.now() > deadline) throw noProxy(this.pool, this.mayBeWithout);
      return null;
    }
    const answers = await Promise.allSettled(proxies.map(ask));
    const values: T[] = [];
    for (const [index, answer] of answers.entries()) {
      const proxy = proxies[index];
      if (proxy === undefined) continue;
      if (answer.status === 'fulfilled') values.push(answer.value);
      else if (isProvedDead(proxy)) await endProxy(this.database, this.pool, proxy.incarnation);
      else if (performance.now() > deadline)
        throw proxyTrouble({ pool: this.pool, retryable: this.mayBeWithout }, proxy, answer.reason);
    }
    return values.length === proxies.length ? values : null;
  }

  private async call<T>(
    proxy: ProxyRow,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<T> {
    const response = await request(`${proxy.adminUrl}/pools/${encodeURIComponent(this.pool)}${path && `/${path}`}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.body.json()) as T & { incarnation?: string };
    if (response.statusCode !== 200) throw proxyRefused(this.pool, proxy, response.statusCode, answer);
    // After a reboot of its host a proxy has its predecessor's address, and must not pass for it: that one will never acknowledge a hold.
    if (answer.incarnation !== proxy.incarnation) throw notIt(proxy.adminUrl);
    return answer;
  }
}
