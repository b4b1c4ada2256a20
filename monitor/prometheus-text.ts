// Prometheus' text format, as far as a named metric is read from it.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export interface PageSample {
  metric: string;
  /** As they stand in the braces: of the many metrics of a page few are asked for theirs. */
  labels: string;
  /** NaN is how exporters write that they do not know. */
  value: number;
}

/** The samples of a page, in its order. A page of something else, such as HTML, has none. */
export function samplesIn(page: string): PageSample[] {
  return page.split('\n').flatMap((line) => {
    const [, metric, labels = '', text = ''] = LINE.exec(line.trim()) ?? [];
    const value = numberOf(text);
    return metric === undefined || (Number.isNaN(value) && !/^NaN$/i.test(text)) ? [] : [{ metric, labels, value }];
  });
}

/** The sum of all samples of `metric` that have these labels, null when there is none. NaN counts as none. */
export function sumOf(
  samples: readonly PageSample[],
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  let sum: number | null = null;
  for (const sample of samples) {
    if (sample.metric !== metric || Number.isNaN(sample.value)) continue;
    const own = new Map([...sample.labels.matchAll(LABEL)].map(([, label, text]) => [label, unescaped(text ?? '')]));
    if (Object.entries(labels).every(([label, wanted]) => own.get(label) === wanted)) sum = (sum ?? 0) + sample.value;
  }
  return sum;
}

function numberOf(value: string): number {
  return /^[+-]?Inf$/.test(value) ? (value.startsWith('-') ? -Infinity : Infinity) : Number(value);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_all, char: string) => (char === 'n' ? '\n' : char));
}
