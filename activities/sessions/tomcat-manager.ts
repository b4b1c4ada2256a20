// One context's session manager in one Tomcat: lists, swaps out, and keeps the swapping shut in between.

import { OperatorError } from '../../config/operator-error.js';
import type { JmxProxy } from './jmx-proxy.js';

/**
 * A minimum idle time that no session reaches. Tomcat's passes read it anew for every session, so setting it stops even a pass
 * that is under way, whichever thread runs it.
 */
const SHUT_S = 2_147_483_647;
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
  ) {
    this.bean = `Catalina:type=Manager,host=localhost,context=${context === '' ? '/' : context}`;
  }

  /** Refuses a context whose sessions cannot be swapped out. */
  async mustBePersistent(signal: AbortSignal): Promise<void> {
    const found = await this.jmx.query(this.bean, signal);
    const what = `Context ${this.context || '(root)'} of machine ${this.jmx.machine.name}`;
    if (found === null) throw notMovable(`${what} is not deployed.`, 'Deploy it or correct pools.*.sessions.contexts.');
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
      if (found.get(attribute) === wanted) continue;
      throw notMovable(
        `${what} has ${attribute}=${found.get(attribute) ?? '?'}.`,
        `Set ${attribute}="${wanted}" in its Manager element.`,
      );
    }
  }

  /** Ids of the sessions in memory. */
  async sessionIds(signal: AbortSignal): Promise<string[]> {
    const text = await this.jmx.invoke(this.bean, 'listSessionIds', [], signal);
    return text === '' ? [] : text.split(/\s+/);
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

  /** Runs one pass and shuts the swapping again. When this resolves the sessions are in the store and out of memory. */
  async swapOut(pass: Pass, signal: AbortSignal): Promise<void> {
    try {
      if ('idleS' in pass) await this.set('maxIdleSwap', pass.idleS, signal);
      else await this.set('maxActiveSessions', pass.maxActive, signal);
      await this.set('minIdleSwap', 0, signal);
      await this.jmx.invoke(this.bean, 'backgroundProcess', [], signal);
    } finally {
      await this.shut(signal);
    }
  }

  /** Whether the session has a value for this attribute; false also when it is not in memory. */
  async hasAttribute(id: string, attribute: string, signal: AbortSignal): Promise<boolean> {
    return (await this.jmx.invoke(this.bean, 'getSessionAttribute', [id, attribute], signal)) !== '';
  }

  async expire(id: string, signal: AbortSignal): Promise<void> {
    await this.jmx.invoke(this.bean, 'expireSession', [id], signal);
  }

  private async shut(signal: AbortSignal): Promise<void> {
    await this.set('minIdleSwap', SHUT_S, signal);
    await this.set('maxIdleSwap', -1, signal);
    await this.set('maxActiveSessions', -1, signal);
  }

  private set(attribute: string, value: number, signal: AbortSignal): Promise<void> {
    return this.jmx.set(this.bean, attribute, value, signal);
  }
}

export function notMovable(message: string, remedy: string): OperatorError {
  return new OperatorError('SESSIONS_NOT_MOVABLE', message, remedy);
}
