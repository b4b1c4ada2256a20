// YAML that an operator has written, checked against a schema, with every mistake by file and line.

import type { Document, YAMLParseError } from 'yaml';
import { LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { complaints } from './complaints.js';
import type { OperatorError } from './operator-error.js';

/** What the lines that say what is wrong become. */
export interface Refusals {
  /** Of text that is no YAML. */
  broken: (line: string) => OperatorError;
  /** Of fields that the schema does not allow, a line each. */
  mistaken: (lines: string[]) => OperatorError;
  /** The page of the documentation that lists the known fields of a place. */
  pageOf: (path: readonly PropertyKey[]) => string;
}

export interface CheckedYaml<T> {
  data: T;
  /** What is wrong with a field all the same, for whoever knows more than the schema. */
  complain: (path: string[], allowed: string) => OperatorError;
}

/** Throws what `refusals` make of the first break, or of all mistakes. An empty file is an empty mapping. */
export function checkYaml<T>(file: string, text: string, schema: z.ZodType<T>, refusals: Refusals): CheckedYaml<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  // What the parser complains of after its first stumble is mostly that it has stumbled.
  const [broken] = [...document.errors].sort((one, other) => one.pos[0] - other.pos[0]);
  if (broken !== undefined) throw refusals.broken(`${file}:${broken.linePos?.[0].line ?? 1}: ${inOurWords(broken)}`);
  const result = schema.safeParse(contentOf(document, (line, why) => refusals.broken(`${file}:${line}: ${why}`), lines) ?? {});
  if (!result.success) throw refusals.mistaken(complaints(file, document, lines, result.error.issues, refusals.pageOf));
  const complain = (path: string[], allowed: string): OperatorError =>
    refusals.mistaken(
      complaints(file, document, lines, [{ code: 'custom', path, message: allowed, input: undefined }], refusals.pageOf),
    );
  return { data: result.data, complain };
}

/** Aliases are followed only now: one may lead nowhere, or be there to fill the memory. */
function contentOf(document: Document, broken: (line: number, why: string) => OperatorError, lines: LineCounter): unknown {
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return;
      throw broken(
        lines.linePos(alias.range?.[0] ?? 0).line,
        `*${alias.source} names nothing: &${alias.source} must stand before it`,
      );
    },
  });
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw broken(1, 'too many aliases; write out what they stand for');
  }
}

/** The library speaks to programmers, and repeats the place. */
function inOurWords({ code, message }: YAMLParseError): string {
  if (code === 'MULTIPLE_DOCS') return 'several documents; one is allowed, without "---" in its middle';
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}
