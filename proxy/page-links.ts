// The session id in the links of a page, as servers write it that use no cookies. A page is looked at as it streams by.

/** What ends an id in a link of HTML, of a script, of JSON or of a style sheet. */
const END = /[;/?#&"'`<>()\s\\]/;
/** What follows the mark is none if it is longer: what is kept between two chunks must not grow with the page. Chosen: servers write some 120. */
const LONGEST_ID = 512;
/** HTML, XML, scripts, JSON, plain text. */
const LINKING = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:xml|json|javascript)\b)/i;

/** Whether an answer may have links that can be read as they stand there. */
export function hasReadableLinks(contentType: string, contentEncoding: string): boolean {
  return LINKING.test(contentType) && /^(?:identity)?$/i.test(contentEncoding.trim());
}

/** The links of one page. The first that has an id names the page's own session: what users have written comes after the head of a page. */
export class PageLinks {
  /** As it stands there. */
  id: string | null = null;
  /** What may go on in the next chunk. */
  private rest = '';

  constructor(
    /** `;`, the name of the parameter in lower case, and `=`. */
    private readonly mark: string,
  ) {}

  /**
   * Looks at what comes next. Returns whether the id is found now: one that a chunk breaks off is found once its end has come, before which
   * no client can follow its link.
   */
  read(chunk: Buffer): boolean {
    if (this.id !== null) return false;
    const text = this.rest + chunk.toString('latin1');
    const lower = text.toLowerCase();
    this.rest = text.slice(-this.mark.length);
    for (let at = lower.indexOf(this.mark); at >= 0; at = lower.indexOf(this.mark, at + 1)) {
      const start = at + this.mark.length;
      const id = text.slice(start, start + LONGEST_ID);
      const end = id.search(END);
      if (end > 0) {
        this.id = id.slice(0, end);
        return true;
      }
      if (end < 0 && id.length < LONGEST_ID) this.rest = text.slice(at);
    }
    return false;
  }

  /** The page has ended, and with it the id that it may end with. Returns whether that is found now. */
  end(): boolean {
    return this.read(Buffer.from(' '));
  }
}
