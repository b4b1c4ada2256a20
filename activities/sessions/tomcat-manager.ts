// One context's session manager in one Tomcat: lists, swaps out, and keeps the swapping shut in between.

import { notMovable } from '../errors.js';
import type { JmxProxy } from './jmx-proxy.js';
import type { MechanismCall } from './mechanism.js';

/**
 * A minimum idle time that no session reaches. Tomcat's passes read it anew for every session, so setting it stops even a pass
 * that is under way, whichever thread runs it.
 */
const SHUT_S = 2_147_483_647;
const RESTORE_TIMEOUT_MS = 10_000;
/** JMX answers about one session at a time. Chosen: as many as the proxy has connections. */
const CALLS_AT_ONCE = 8;
/** What an operator may have set, and a preflight changes for a moment. */
const OPERATORS_ATTRIBUTES = ['maxIdleSwap', 'minIdleSwap', 'maxActiveSessions', 'processExpiresFrequency'] as const;
/** Tomcat's default: one in six background rounds looks at sessions. */
const DEFAULT_FREQUENCY = 6;

/** What a pass swaps out. Sessions in a request are skipped. */
export type Pass =
  /** Idle for at least this long. At one second a request that is just being picked up is never met (measured). */
  | { idleS: number }
  /** As many as exceed 90 % of this; must stay above the live count, or every new session is refused (measured). */
  | { maxActive: number };

export class TomcatManager {
  private readonly bean: string;

  constructor(
    private readonly jmx: JmxProxy,
    readonly context: string,
    virtualHost: string,
  ) {
    this.bean = `Catalina:type=Manager,host=${virtualHost},context=${context === '' ? '/' : context}`;
  }

  /** How messages name it. */
  get what(): string {
    return `Context ${this.context || '(root)'} of machine ${this.jmx.machine.name}`;
  }

  /** The attributes of the manager; refuses a context that is not there. */
  async mustBeDeployed(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const found = await this.attributes(signal);
    if (found === null) throw notMovable(`${this.what} is not deployed.`, 'Deploy it or correct pools.*.sessions.contexts.');
    return found;
  }

  /** Refuses a context whose sessions cannot be swapped out. */
  async mustBePersistent(signal: AbortSignal): Promise<void> {
    const found = await this.mustBeDeployed(signal);
    const { what } = this;
    if (found.get('className') !== 'org.apache.catalina.session.PersistentManager') {
      throw notMovable(
        `${what} keeps its sessions in ${found.get('className') ?? 'an unknown manager'}.`,
        'Configure a PersistentManager with a Store as docs/servers/tomcat.md shows.',
      );
    }
    for (const [attribute, wanted] of [
      ['persistAuthentication', 'true'],
      ['maxIdleBackup', '-1'],
    ] as const) {
      if (found.get(attribute) === wanted || (attribute === 'maxIdleBackup' && isLeftBehind(found))) continue;
      throw notMovable(
        `${what} has ${attribute}=${found.get(attribute) ?? '?'}.`,
        `Set ${attribute}="${wanted}" in its Manager element.`,
      );
    }
  }

  /** Ids of the sessions in memory; of a BackupManager, `withCopies` those of which it keeps a copy for another machine as well. */
  async sessionIds(signal: AbortSignal, withCopies = false): Promise<string[]> {
    const text = await this.jmx.invoke(this.bean, withCopies ? 'getSessionIdsFull' : 'listSessionIds', [], signal);
    // Separated by blanks, or a set as Java prints it.
    return text.match(/[^\s,[\]]+/g) ?? [];
  }

  /** Every background round may look at sessions, and swaps none. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.shut(signal);
    await this.set('processExpiresFrequency', 1, signal);
  }

  /** Settings as Tomcat has them by default. */
  async end(signal: AbortSignal): Promise<void> {
    await this.shut(signal);
    await this.set('minIdleSwap', -1, signal);
    await this.set('processExpiresFrequency', DEFAULT_FREQUENCY, signal);
  }

  /** `end` where these are the settings that `begin` and the passes leave; those that a machine has booted with are its operator's. */
  async endIfShut(signal: AbortSignal): Promise<void> {
    const found = await this.attributes(signal);
    if (found !== null && isLeftBehind(found, [SHUT_S])) await this.end(signal);
  }

  /** Does something between `begin` and `end` and brings back the settings that were there before. */
  async restoringSettings({ signal, guard }: MechanismCall, work: () => Promise<void>): Promise<void> {
    const before = await this.attributes(signal);
    // Left behind by an attempt that was killed here: what it had found is not known any more.
    const isOurs = before !== null && isLeftBehind(before);
    await guard();
    await this.begin(signal);
    try {
      await work();
    } finally {
      // Settings go back also when the caller has been cancelled.
      const anyway = AbortSignal.timeout(RESTORE_TIMEOUT_MS);
      await this.end(anyway);
      for (const attribute of isOurs ? [] : OPERATORS_ATTRIBUTES) {
        await this.set(attribute, Number(before?.get(attribute) ?? -1), anyway);
      }
    }
  }

  /**
   * Runs one pass and shuts the swapping again. When this resolves the sessions are in the store and out of memory.
   * A pass that has not ended after `limitMs` is stopped; what it has not reached stays in memory.
   */
  async swapOut(pass: Pass, { signal, guard }: MechanismCall, limitMs = Infinity): Promise<void> {
    const endsAt = performance.now() + limitMs;
    let timer: NodeJS.Timeout | undefined;
    try {
      if ('idleS' in pass) await this.set('maxIdleSwap', pass.idleS, signal);
      else await this.set('maxActiveSessions', pass.maxActive, signal);
      await guard();
      // Armed only now: a pass that was shut before it was opened would run on.
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) return;
      await this.set('minIdleSwap', 0, signal);
      if (leftMs < Infinity) timer = setTimeout(() => void this.shut(signal).catch(() => undefined), leftMs);
      if (performance.now() < endsAt) await this.runPass(signal);
    } finally {
      clearTimeout(timer);
      await this.shut(AbortSignal.timeout(RESTORE_TIMEOUT_MS));
    }
  }

  /** Writes sessions that have rested for `idleS` seconds, and have changed since they were written last, to the store; all stay in memory. */
  async backUp(idleS: number, signal: AbortSignal): Promise<void> {
    try {
      await this.set('maxIdleBackup', idleS, signal);
      await this.runPass(signal);
    } finally {
      await this.set('maxIdleBackup', -1, AbortSignal.timeout(RESTORE_TIMEOUT_MS));
    }
  }

  /** When these sessions were accessed last, by this machine's clock. Those that are not in memory are left out. */
  async lastAccessedMs(ids: readonly string[], signal: AbortSignal): Promise<Map<string, number>> {
    const times = new Map<string, number>();
    for (let at = 0; at < ids.length; at += CALLS_AT_ONCE) {
      const some = ids.slice(at, at + CALLS_AT_ONCE);
      const answers = await Promise.all(some.map((id) => this.jmx.invoke(this.bean, 'getLastAccessedTimestamp', [id], signal)));
      for (const [index, answer] of answers.entries()) if (Number(answer) >= 0) times.set(some[index] ?? '', Number(answer));
    }
    return times;
  }

  /** This machine's clock, not ahead of it and at most two seconds behind. */
  clockMs(signal: AbortSignal): Promise<number> {
    return this.jmx.clockMs(this.bean, signal);
  }

  /** The value of this attribute of the session, as its `toString` tells it; '' where it has none, also when it is not in memory. */
  attributeText(id: string, attribute: string, signal: AbortSignal): Promise<string> {
    return this.jmx.invoke(this.bean, 'getSessionAttribute', [id, attribute], signal);
  }

  async expire(id: string, signal: AbortSignal): Promise<void> {
    await this.jmx.invoke(this.bean, 'expireSession', [id], signal);
  }

  private attributes(signal: AbortSignal): Promise<ReadonlyMap<string, string> | null> {
    return this.jmx.query(this.bean, signal);
  }

  private async runPass(signal: AbortSignal): Promise<void> {
    await this.jmx.invoke(this.bean, 'backgroundProcess', [], signal);
  }

  private async shut(signal: AbortSignal): Promise<void> {
    // Everybody may be held meanwhile, so these go out together.
    await Promise.all([
      this.set('minIdleSwap', SHUT_S, signal),
      ...['maxIdleBackup', 'maxIdleSwap', 'maxActiveSessions'].map((attribute) => this.set(attribute, -1, signal)),
    ]);
  }

  private set(attribute: string, value: number, signal: AbortSignal): Promise<void> {
    return this.jmx.set(this.bean, attribute, value, signal);
  }
}

/** Whether these settings are ours: shut, or as a pass of ours has them whose worker was killed. */
function isLeftBehind(attributes: ReadonlyMap<string, string>, minIdleSwaps: readonly number[] = [SHUT_S, 0]): boolean {
  return (
    attributes.get('processExpiresFrequency') === '1' && minIdleSwaps.map(String).includes(attributes.get('minIdleSwap') ?? '')
  );
}
