// Whether an answer to a form is one to a form that was taken. Not every server says so by the status: some show an error page with 200, some
// redirect either way, some show the form again with a word on it. And no two pages need be the same: they show times and new tokens.

import { unescaped } from './html-text.js';

export interface FormAnswer {
  statusCode: number;
  /** The path that it redirects to, without parameters of its segments; null where it does not. */
  location: string | null;
  /** Of its page. */
  text: string;
}

export interface FormComparison {
  /** Whether a form that is taken is answered otherwise than one that is not: else there is nothing to be seen. */
  tells: boolean;
  isTaken: (answer: FormAnswer) => boolean;
}

/**
 * Learns from two answers to forms that were taken and two to altered ones, asked for by turns: what one kind has in common and the other never
 * has. A time that both of a kind show is in the one between them as well. What `elsewhere`, the other machine's answer to its own form, has not
 * is of this machine alone, such as its name. `sent` are the values of all forms, which a page may repeat.
 */
export function compareAnswers(
  taken: readonly [FormAnswer, FormAnswer],
  altered: readonly [FormAnswer, FormAnswer],
  elsewhere: FormAnswer,
  sent: readonly string[],
): FormComparison {
  const repeated = [...new Set(sent)].filter((value) => value !== '').sort((a, b) => b.length - a.length);
  const piecesOf = ({ text }: FormAnswer): Set<string> =>
    new Set(repeated.reduce((rest, value) => rest.replaceAll(value, ''), unescaped(text)).split(/[\s<>]+/));
  const [one, two] = [piecesOf(taken[0]), piecesOf(taken[1])];
  const [three, four] = [piecesOf(altered[0]), piecesOf(altered[1])];
  const there = piecesOf(elsewhere);
  const ofTaken = [...one].filter((piece) => two.has(piece) && there.has(piece) && !three.has(piece) && !four.has(piece));
  const ofAltered = [...three].filter((piece) => four.has(piece) && !one.has(piece) && !two.has(piece));
  const hasHead = (answer: FormAnswer): boolean => taken.some((each) => headOf(each) === headOf(answer));
  // One that differs from time to time tells nothing.
  const headTells = headOf(taken[0]) === headOf(taken[1]);
  return {
    tells: ofTaken.length + ofAltered.length > 0 || (headTells && !altered.some(hasHead)),
    isTaken(answer) {
      const pieces = piecesOf(answer);
      return (
        taken.some(({ statusCode }) => statusCode === answer.statusCode) &&
        (!headTells || hasHead(answer)) &&
        ofTaken.every((piece) => pieces.has(piece)) &&
        !ofAltered.some((piece) => pieces.has(piece))
      );
    },
  };
}

/** As an operator reads it. */
export function headOf({ statusCode, location }: FormAnswer): string {
  return location === null ? String(statusCode) : `${statusCode} to ${location}`;
}
