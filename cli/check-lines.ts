// The lines of a check: each thing is looked at in its time, and told once it is known.

import { describeError, OperatorError } from '../config/operator-error.js';
import type { OutputOptions } from './output.js';
import { inWords, print } from './output.js';

export interface CheckLimits {
  /** For a line. */
  lineMs: number;
  /** For the line of the hand-over of sessions. */
  handOverMs: number;
  /** What takes longer is told to take long, again and again. */
  tellMs: number;
}

export const CHECK_LIMITS: CheckLimits = {
  // Chosen: a check is for a person who waits.
  lineMs: 60_000,
  // Mechanisms wait by themselves, and then say why: TRANSFER_MS of tomcat-cluster and INVOKE_TIMEOUT_MS of the JMX proxy are the longest.
  handOverMs: 300_000,
  tellMs: 10_000,
};

/** What a line has found besides that it is so. */
export interface Finding {
  text: string;
  value: Record<string, unknown>;
}

/** What the work of a line is given. */
export interface Look {
  /** Aborts when its time is over. */
  signal: AbortSignal;
  /** It is not done, for this reason. */
  notChecked: (why: string) => void;
  /** What it waits for at this moment, in words. */
  onSeen: (seen: string) => void;
}

/** Looks at one thing and prints a line of it. Resolves with what was found; undefined where that is nothing. Rejects never. */
export type CheckItem = <T>(
  what: string,
  work: (look: Look) => Promise<T>,
  found?: (value: T) => Finding,
  limitMs?: number,
) => Promise<T | undefined>;

export class CheckLines {
  /** How many lines have said that something is not as it should be. */
  failed = 0;

  constructor(
    private readonly options: OutputOptions,
    private readonly limits: CheckLimits = CHECK_LIMITS,
  ) {}

  readonly item: CheckItem = async (what, work, found = () => ({ text: '', value: {} }), limitMs = this.limits.lineMs) => {
    const { options } = this;
    let skipped: string | undefined;
    try {
      const value = await this.inTime(what, limitMs, (look) => work({ ...look, notChecked: (why) => void (skipped = why) }));
      if (skipped === undefined) {
        const { text, value: more } = found(value);
        print(options, `ok    ${what}${text}`, { check: what, ok: true, ...more });
      } else print(options, `--    ${what}: not checked, ${skipped}`, { check: what, ok: null, notChecked: skipped });
      return value;
    } catch (thrown) {
      const error = inWords(thrown);
      this.failed++;
      const { code, message, remedy } = error;
      print(options, `FAIL  ${what}\n      ${describeError(error)}`, { check: what, ok: false, code, message, remedy });
      return undefined;
    }
  };

  /** A time of its own: what one pool's machines take is not lost to the next. */
  private async inTime<T>(what: string, limitMs: number, work: (look: Omit<Look, 'notChecked'>) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const began = performance.now();
    let waitsFor = '';
    const timer = setTimeout(() => over.abort(), limitMs);
    // Not on standard output, which may be read by a program.
    const teller = setInterval(() => {
      const seconds = Math.round((performance.now() - began) / 1000);
      console.error(`...   ${what}: for ${seconds} s of at most ${limitMs / 1000}${waitsFor}`);
    }, this.limits.tellMs);
    try {
      return await work({ signal: over.signal, onSeen: (seen) => void (waitsFor = `: ${seen}`) });
    } catch (error) {
      if (!over.signal.aborted || error instanceof OperatorError) throw error;
      throw new OperatorError(
        'CHECK_TIMEOUT',
        `This was not known after ${limitMs / 1000} s${waitsFor}.`,
        'Look at what is asked here, and at the way there, and check again.',
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
      clearInterval(teller);
    }
  }
}
