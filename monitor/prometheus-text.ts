// Prometheus' text format, as far as a named metric is read from it.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * The sum of all samples of `metric` that have these labels, null when there is none. NaN counts as none: it is how exporters write that
 * they do not know.
 */
export function sumOf(text: string, metric: string, labels: Readonly<Record<string, string>> = {}): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    const [, name, inBraces = '', value = ''] = LINE.exec(line.trim()) ?? [];
    if (name !== metric) continue;
    const own = new Map([...inBraces.matchAll(LABEL)].map(([, label, text]) => [label, unescaped(text ?? '')]));
    if (!Object.entries(labels).every(([label, wanted]) => own.get(label) === wanted)) continue;
    const number = numberOf(value);
    if (!Number.isNaN(number)) sum = (sum ?? 0) + number;
  }
  return sum;
}

/** Whether there is any sample: a page of something else, such as HTML, has none. */
export function hasSamples(text: string): boolean {
  return text.split('\n').some((line) => {
    const [, , , value = ''] = LINE.exec(line.trim()) ?? [];
    return value !== '' && (/^NaN$/i.test(value) || !Number.isNaN(numberOf(value)));
  });
}

/** Whether there is a sample of that name, whatever its labels and its value. */
export function isNamedIn(text: string, metric: string): boolean {
  return text.split('\n').some((line) => LINE.exec(line.trim())?.[1] === metric);
}

function numberOf(value: string): number {
  return /^[+-]?Inf$/.test(value) ? (value.startsWith('-') ? -Infinity : Infinity) : Number(value);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_all, char: string) => (char === 'n' ? '\n' : char));
}
