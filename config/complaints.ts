// Turns validation issues into lines an operator can act on: file:line, field, what was found, what is allowed.

import type { Document, LineCounter } from 'yaml';
import { isMap, isNode, isPair, isScalar } from 'yaml';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const SECRET_NAME = /password|secret|token|url$/i;

export function complaints(file: string, document: Document, lines: LineCounter, issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => {
    const at = (path: Path): string => `${file}:${lineOf(document, lines, path)} ${path.map(String).join('.') || '(whole file)'}`;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${at([...issue.path, key])}: unknown field${hint(key)}`);
    }
    return [
      `${at(issue.path)}: found ${isSecret(issue.path) ? 'something else' : show(document.getIn(issue.path))}, allowed: ${allowed(issue)}`,
    ];
  });
}

function allowed(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? `${issue.expected}` : issue.message;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? `one of ${issue.options.map((value) => JSON.stringify(value)).join(', ')}`
        : issue.message;
    default:
      return issue.message;
  }
}

/** A secret pasted into the file is the likeliest unknown field, and the one that must not be repeated on a terminal. */
function hint(key: string): string {
  return SECRET_NAME.test(key)
    ? '; secrets come from the environment or a file (docs/configuration.md)'
    : ' (docs/configuration.md lists the known ones)';
}

/** Whatever stands where a secret's name belongs may be the secret itself. */
function isSecret(path: Path): boolean {
  return /password|secret|token|store\.url/i.test(path.map(String).join('.'));
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(isNode(value) ? value.toJSON() : value) ?? 'nothing';
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
