// Digest authentication of a client (RFC 7616), as far as servers ask for it: quality of protection `auth`, or none.

import { createHash, randomBytes } from 'node:crypto';

/** RFC 7616 section 6.1: names of the algorithms, and the hash of each. */
const HASHES: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };
/** `name="value"` or `name=value`, as RFC 9110 has them in section 11.2. */
const PARAMETER = /(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** What a server wants to be answered; each answer to it has a number of its own. */
export class DigestChallenge {
  private answers = 0;

  private constructor(
    private readonly realm: string,
    private readonly nonce: string,
    private readonly opaque: string | undefined,
    private readonly algorithm: string,
    private readonly withQop: boolean,
  ) {}

  /** The first challenge of WWW-Authenticate headers that can be answered, or null. */
  static from(header: string | readonly string[] | undefined): DigestChallenge | null {
    const text = typeof header === 'string' ? header : (header ?? []).join(', ');
    // Several may stand in one header, each after the name of its scheme.
    for (const challenge of text.split(/(?:^|,)\s*(?=Digest\s)/i)) {
      const parameters = new Map(
        [...challenge.matchAll(PARAMETER)].map(([, name = '', quoted, token]): [string, string] => [
          name.toLowerCase(),
          quoted?.replace(/\\(.)/g, '$1') ?? token ?? '',
        ]),
      );
      const [realm, nonce] = [parameters.get('realm'), parameters.get('nonce')];
      const algorithm = parameters.get('algorithm') ?? 'MD5';
      const qop = parameters.get('qop');
      const canQop = qop === undefined || qop.split(/\s*,\s*/).includes('auth');
      if (!/^Digest\s/i.test(challenge) || realm === undefined || nonce === undefined || !canQop) continue;
      if (algorithm in HASHES) return new DigestChallenge(realm, nonce, parameters.get('opaque'), algorithm, qop !== undefined);
    }
    return null;
  }

  /** The Authorization header of one request. Servers may want requests to come in the order in which these were made. */
  answer(user: string, password: string, method: string, path: string, cnonce = randomBytes(16).toString('base64url')): string {
    const hash = (text: string): string =>
      createHash(HASHES[this.algorithm] ?? '')
        .update(text)
        .digest('hex');
    const count = (++this.answers).toString(16).padStart(8, '0');
    const middle = this.withQop ? `${this.nonce}:${count}:${cnonce}:auth` : this.nonce;
    const response = hash(`${hash(`${user}:${this.realm}:${password}`)}:${middle}:${hash(`${method}:${path}`)}`);
    const quoted: [string, string | undefined][] = [
      ['username', user],
      ['realm', this.realm],
      ['nonce', this.nonce],
      ['uri', path],
      ['response', response],
      ['opaque', this.opaque],
      ...(this.withQop ? [['cnonce', cnonce] as [string, string]] : []),
    ];
    const parameters = quoted.flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}="${value.replace(/["\\]/g, '\\$&')}"`],
    );
    return `Digest ${[...parameters, `algorithm=${this.algorithm}`, ...(this.withQop ? ['qop=auth', `nc=${count}`] : [])].join(', ')}`;
  }
}
