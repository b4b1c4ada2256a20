// Where session ids travel in requests and responses. The only place that sees ids in the clear.

import type { IncomingHttpHeaders } from 'node:http';
import { normalisedId } from '../config/route-marker.js';
import type { SessionIdConfig } from '../config/types.js';
import { PageLinks } from './page-links.js';

/** What of a request can carry ids. Several Cookie headers have been joined by "; " (RFC 9113 section 8.2.3), others by ", ". */
export interface IdCarrier {
  headers: IncomingHttpHeaders;
  /** The request target. */
  url: string;
}

/** A header of a response that may carry ids: its name in lower case, and its value. */
export type CarryingHeader = readonly [name: string, value: string];

/**
 * ASP.NET without cookies: `/(S(ID))/page.aspx`, beside which it may keep other things, as in `/(A(...)S(ID))`; on Mono, as in ASP.NET 1.1,
 * `/(ID)/page.aspx`.
 */
const ASP_NET = /\/\((?:(?:[A-Z]\([^()]*\))*S\(([^()]+)\)|([A-Za-z0-9]{24})\)\/)/;

/** RFC 6265, sections 5.2.1 and 5.2.2. */
const LIFE_OF_COOKIE = /^\s*(max-age|expires)\s*=\s*(.*?)\s*$/i;
/** What expired so long ago is meant to be over whatever the clocks of machine and proxy say. Chosen. */
const LONG_AGO_MS = 24 * 3_600_000;

/** The places of one pool. */
export class SessionIds {
  private readonly cookies: ReadonlySet<string>;
  private readonly headers: readonly string[];
  private readonly inAnswers: ReadonlySet<string>;
  private readonly pathMark: string | null;

  constructor(private readonly config: SessionIdConfig) {
    this.cookies = new Set(config.cookies);
    this.headers = config.headers.map((name) => name.toLowerCase());
    this.pathMark = config.pathParameter === null ? null : `;${config.pathParameter.toLowerCase()}=`;
    // Who keeps ids in paths sends a client that comes without one to a path that has one.
    const isInPath = this.pathMark !== null || config.pathSegment !== null;
    this.inAnswers = new Set(['set-cookie', ...this.headers, ...(isInPath ? ['location'] : [])]);
  }

  /** Whether a response's header of this name, in lower case, is one that `ofAnswer` looks at. */
  mayCarry(header: string): boolean {
    return this.inAnswers.has(header);
  }

  /** Normalised ids of a request, each once. */
  ofRequest({ headers, url }: IdCarrier): string[] {
    const ids = new Set<string>();
    // RFC 6265 section 5.4 separates by "; ".
    for (const pair of headers.cookie?.split(';') ?? []) this.addCookie(ids, pair);
    for (const name of this.headers) {
      const value = headers[name];
      for (const each of typeof value === 'string' ? [value] : (value ?? [])) this.addHeader(ids, each);
    }
    this.addPath(ids, url);
    return [...ids];
  }

  /**
   * Normalised ids that a response sets, each once. A cookie that is being deleted sets none: PHP gives it the value `deleted`, which would be
   * one session of all who log out.
   */
  ofAnswer(carrying: readonly CarryingHeader[], links: PageLinks | null = null): string[] {
    const ids = new Set<string>();
    if (links?.id) this.add(ids, links.id);
    for (const [name, value] of carrying) {
      if (name === 'set-cookie') this.addSetCookie(ids, value);
      else if (name === 'location') this.addPath(ids, value);
      else this.addHeader(ids, value);
    }
    return [...ids];
  }

  /**
   * What looks for the id in an answer's page; null where a header names it. A server that uses cookies sets one with the page that begins a
   * session, and ASP.NET sends the client to a path that has the id.
   */
  inLinks(): PageLinks | null {
    return this.pathMark === null || this.cookies.size > 0 ? null : new PageLinks(this.pathMark);
  }

  /** Normalised ids of a request in cookies that its response deletes: of sessions that have ended. */
  endedBy(carrying: readonly CarryingHeader[], { headers }: Pick<IdCarrier, 'headers'>): string[] {
    const deleted = carrying.flatMap(([name, value]) => {
      const [pair = '', ...attributes] = value.split(';');
      return name === 'set-cookie' && isDeletion(attributes) ? [nameIn(pair)] : [];
    });
    if (deleted.length === 0) return [];
    const ids = new Set<string>();
    for (const pair of headers.cookie?.split(';') ?? []) if (deleted.includes(nameIn(pair))) this.addCookie(ids, pair);
    return [...ids];
  }

  private addSetCookie(ids: Set<string>, header: string): void {
    const [pair = '', ...attributes] = header.split(';');
    if (!isDeletion(attributes)) this.addCookie(ids, pair);
  }

  private addCookie(ids: Set<string>, pair: string): void {
    if (this.cookies.has(nameIn(pair))) this.add(ids, pair.slice(pair.indexOf('=') + 1).trim());
  }

  /** What a comma parts are several, in answers as in requests: one id must have one name in both. */
  private addHeader(ids: Set<string>, value: string): void {
    for (const each of value.split(',')) this.add(ids, each.trim());
  }

  private addPath(ids: Set<string>, target: string): void {
    if (this.pathMark === null && this.config.pathSegment === null) return;
    const path = target.split(/[?#]/, 1)[0] ?? '';
    if (this.pathMark !== null) {
      const start = path.toLowerCase().indexOf(this.pathMark);
      if (start >= 0) this.add(ids, path.slice(start + this.pathMark.length).split(/[;/]/, 1)[0] ?? '');
    }
    if (this.config.pathSegment !== 'asp-net') return;
    const [, id, idOnMono] = ASP_NET.exec(path) ?? [];
    this.add(ids, id ?? idOnMono ?? '');
  }

  private add(ids: Set<string>, value: string): void {
    const id = normalisedId(value, this.config.routeMarker);
    if (id !== '') ids.add(id);
  }
}

/** Of a cookie; '' where it has none. */
function nameIn(pair: string): string {
  return pair.slice(0, Math.max(0, pair.indexOf('='))).trim();
}

/** Max-Age goes before Expires (RFC 6265 section 5.3). */
function isDeletion(attributes: readonly string[]): boolean {
  const life = new Map(
    attributes.flatMap((attribute) => {
      const [, name, value] = LIFE_OF_COOKIE.exec(attribute) ?? [];
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value]];
    }),
  );
  const maxAge = life.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  return Date.parse(life.get('expires') ?? '') < Date.now() - LONG_AGO_MS;
}
