// A session of the vSphere API: opened by the first call, renewed when the server has ended it, closed when nobody calls for a while.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Element } from '@xmldom/xmldom';
import { Agent } from 'undici';
import type { VsphereDriverConfig } from '../../../config/types.js';
import { within } from '../../../config/within.js';
import type { Target } from './errors.js';
import { caUnreadable, faultMeant, noApi, VimFault } from './errors.js';
import { callVim } from './soap.js';
import type { Content } from './xml.js';
import { find, ManagedObject, objectOf, textOf } from './xml.js';

/** A server keeps an idle session for 30 minutes, and not many at once. Chosen. */
const IDLE_MS = 60_000;
/** Both calls that open a session, each with its own limit. */
const OPEN_LIMIT_MS = 30_000;
const SERVICE_INSTANCE = new ManagedObject('ServiceInstance', 'ServiceInstance');
const SERVICES = ['sessionManager', 'searchIndex', 'propertyCollector', 'authorizationManager'] as const;

export type Services = Record<(typeof SERVICES)[number], ManagedObject>;

/** What a call may need of its session. */
export interface Session {
  services: Services;
  /** The server's name for it. */
  key: string;
}

type Opened = Session & { cookie: string };
type Arguments = (session: Session) => Readonly<Record<string, Content>>;

export class VimSession {
  private opened: Promise<Opened> | null = null;
  private idle: NodeJS.Timeout | undefined;
  private agent: Agent | undefined;

  constructor(
    private readonly target: Target,
    private readonly driver: Pick<VsphereDriverConfig, 'user' | 'password' | 'caFile'>,
  ) {}

  /** The answer to `method`, whose arguments name in `_this` what it is called on. Throws what errors.ts makes of a failure. */
  async call(method: string, content: Arguments, signal: AbortSignal): Promise<Element> {
    clearTimeout(this.idle);
    try {
      return await this.inSession(method, content, signal).catch((error: unknown) => {
        // The server has ended the session, or has itself started anew. Nothing has been done.
        if (!isEnded(error)) throw error;
        return this.inSession(method, content, signal);
      });
    } catch (error) {
      throw error instanceof VimFault ? faultMeant(this.target, error) : error;
    } finally {
      clearTimeout(this.idle);
      this.idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
  }

  private async inSession(method: string, content: Arguments, signal: AbortSignal): Promise<Element> {
    const opening = (this.opened ??= this.openOrForget());
    try {
      const session = await within(OPEN_LIMIT_MS, signal, () => opening);
      const call = { method, content: content(session), cookie: session.cookie };
      return (await callVim(this.target, this.dispatcher(), call, signal)).response;
    } catch (error) {
      if (isEnded(error)) this.forget(opening);
      throw error;
    }
  }

  private openOrForget(): Promise<Opened> {
    const opening = this.open();
    opening.catch(() => this.forget(opening));
    return opening;
  }

  private forget(opening: Promise<Opened>): void {
    if (this.opened === opening) this.opened = null;
  }

  /** For all who wait for it, so none of them can break it off. */
  private async open(): Promise<Opened> {
    const { target } = this;
    const signal = new AbortController().signal;
    const dispatcher = this.dispatcher();
    const described = await callVim(
      target,
      dispatcher,
      { method: 'RetrieveServiceContent', content: { _this: SERVICE_INSTANCE } },
      signal,
    );
    const content = find(described.response, 'returnval');
    const services = Object.fromEntries(SERVICES.map((name) => [name, objectOf(find(content, name))])) as Services;
    if (Object.values(services).includes(undefined as never)) throw noApi(target, 'it lacks a service');
    const { user, password } = this.driver;
    const login = { _this: services.sessionManager, userName: user, password };
    const { response, cookie } = await callVim(target, dispatcher, { method: 'Login', content: login }, signal);
    const key = textOf(response, 'returnval', 'key');
    if (cookie === undefined || key === undefined) throw noApi(target, 'its log-in gives no session');
    return { services, cookie, key };
  }

  /** Whatever comes of it: a session that is left alone ends by itself. */
  private async close(): Promise<void> {
    const { opened } = this;
    this.opened = null;
    try {
      const session = await opened;
      if (session === null) return;
      const call = { method: 'Logout', content: { _this: session.services.sessionManager }, cookie: session.cookie };
      await callVim(this.target, this.dispatcher(), call, new AbortController().signal);
    } catch {
      return;
    }
  }

  /** With a CA of its own, no other is trusted. NODE_TLS_REJECT_UNAUTHORIZED does not count here. */
  private dispatcher(): Agent {
    return (this.agent ??= new Agent({ connect: { ca: this.ca(), rejectUnauthorized: true } }));
  }

  private ca(): string | undefined {
    const { caFile } = this.driver;
    if (caFile === null) return undefined;
    try {
      const pem = readFileSync(caFile, 'utf8');
      // Node takes what is none for no CA at all, and trusts its own.
      new X509Certificate(pem);
      return pem;
    } catch (error) {
      throw caUnreadable(this.target, caFile, error);
    }
  }
}

function isEnded(error: unknown): boolean {
  return error instanceof VimFault && error.fault === 'NotAuthenticated';
}
