// Turns validation issues into lines an operator can act on: file:line, field, what was found, what is allowed.

import type { Document, LineCounter } from 'yaml';
import { isMap, isNode, isPair, isScalar, isSeq } from 'yaml';
import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { NOT_SHOWN, withoutUserInfo } from './secret.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const SECRET_NAME = /password|secret|token|url$/i;

/** `pageOf` names the page that lists the known fields of a place. */
export function complaints(
  file: string,
  document: Document,
  lines: LineCounter,
  found: readonly Issue[],
  pageOf: (path: Path) => string,
): string[] {
  const issues = found.flatMap((issue) => inNearestForm(document, issue));
  const misspelt = misspeltFields(document, issues);
  const meant = new Set(misspelt.values());
  return issues.flatMap((issue) => {
    if (meant.has(issue)) return [];
    const at = (path: Path): string => `${file}:${lineOf(document, lines, path)} ${path.map(String).join('.') || '(whole file)'}`;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const path = [...issue.path, key];
        const missing = misspelt.get(path.join('\n'));
        return `${at(path)}: unknown field${missing === undefined ? hint(key, pageOf(path)) : `; did you mean "${String(missing.path.at(-1))}"?`}`;
      });
    }
    // Of a name that is none, the name is the mistake, not what it stands for.
    const value = issue.code === 'invalid_key' ? issue.path.at(-1) : document.getIn(issue.path);
    return [`${at(issue.path)}: found ${show(value, isSecret(issue.path))}, allowed: ${allowed(issue, value)}`];
  });
}

/** What is wrong with a mapping that may have several forms, by the form that it is nearest to; where none is nearer, that it has none. */
function inNearestForm(document: Document, issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || !isMap(document.getIn(issue.path))) return [issue];
  const [nearest, second] = issue.errors
    .map((issues) => ({ issues, wrong: issues.reduce((sum, one) => sum + ('keys' in one ? one.keys.length : 1), 0) }))
    .sort((one, other) => one.wrong - other.wrong);
  if (nearest === undefined || nearest.wrong === second?.wrong) return [issue];
  return nearest.issues.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
}

/** What is missing beside an unknown field that is spelt nearly like it, by the unknown one's path: one mistake, not two. */
function misspeltFields(document: Document, issues: readonly Issue[]): Map<string, Issue> {
  const missing = issues.filter((issue) => issue.path.length > 0 && document.getIn(issue.path) === undefined);
  const found = new Map<string, Issue>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    for (const key of issue.keys) {
      const meant = missing.find(
        ({ path }) => path.slice(0, -1).join('\n') === issue.path.join('\n') && distance(key, String(path.at(-1))) <= MISSPELT,
      );
      if (meant !== undefined) found.set([...issue.path, key].join('\n'), meant);
    }
  }
  return found;
}

/** Chosen: two letters off, or one of other case and one more. */
const MISSPELT = 2;

/** The validator's names of types, in YAML's words. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping, such as { key: value }',
  record: 'a mapping, such as { key: value }',
  array: 'a list, such as [a, b]',
  string: 'text',
  number: 'a whole number, such as 200',
  int: 'a whole number, such as 200',
  boolean: 'true or false',
};
/** How the validator's own messages begin; any other is the schema's. */
const UNWORDED = /^(Invalid|Too (small|big)|Unrecognized)/;

function allowed(issue: Issue, found: unknown): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) return oneOf(issue.options);
  if (!UNWORDED.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      // YAML takes 7 and true for what they look like, which nobody expects of a command's argument.
      if (issue.expected === 'string' && typeof found !== 'object' && found !== undefined) return 'text: put it in quotes';
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return issue.origin === 'string' ? 'text that is not empty' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function oneOf(values: readonly unknown[]): string {
  return `${values.length === 1 ? '' : 'one of '}${values.map((value) => JSON.stringify(value)).join(', ')}`;
}

/** A secret pasted into the file is the likeliest unknown field, and the one that must not be repeated on a terminal. */
function hint(key: string, page: string): string {
  return SECRET_NAME.test(key)
    ? '; secrets come from the environment or a file (docs/configuration.md)'
    : ` (${page} lists the known ones)`;
}

/** Whatever stands where a secret's name belongs, or that of something with a secret in it, may be the secret itself. */
function isSecret(path: Path): boolean {
  return /password|secret|token|\.(store|manager|login|database)$|(store|database)\.url|\.env\b/i.test(
    path.map(String).join('.'),
  );
}

/** What is in a mapping or a list is not repeated: it may be anything. */
function show(value: unknown, secret: boolean): string {
  if (value === undefined) return 'nothing';
  if (isMap(value)) return 'a mapping';
  if (isSeq(value)) return `a list of ${value.items.length}`;
  const plain: unknown = isNode(value) ? value.toJSON() : value;
  if (secret && plain !== null) return { number: 'a number', boolean: 'true or false' }[typeof plain as string] ?? NOT_SHOWN;
  const text = withoutUserInfo(JSON.stringify(plain) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The line of the innermost part of `path` that the file has. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const key = isMap(parent)
      ? parent.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === last)?.key
      : undefined;
    const node = isNode(key) ? key : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
