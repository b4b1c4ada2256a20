// A series drawn in characters: what a terminal shows of how a machine has aged.

export interface Point {
  atMs: number;
  value: number;
}

export interface Mark {
  atMs: number;
  /** One character, drawn over the whole height. */
  sign: string;
}

export interface PlotOptions {
  points: readonly Point[];
  marks: readonly Mark[];
  /** Where the resource is exhausted, drawn as a line; null for none. */
  limit: number | null;
  width: number;
  height: number;
}

/** Lines of at most `width` characters beside the axis; the highest value of each column is drawn. Empty without points. */
export function plot({ points, marks, limit, width, height }: PlotOptions): string[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const top = Math.max(limit ?? 0, ...points.map(({ value }) => value), Number.MIN_VALUE);
  const spanMs = Math.max(1, last.atMs - first.atMs);
  const columnOf = (atMs: number): number => Math.min(width - 1, Math.floor(((atMs - first.atMs) / spanMs) * width));
  const rowOf = (value: number): number => Math.round((1 - Math.max(0, value) / top) * (height - 1));
  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  const draw = (row: number, column: number, sign: string): void => {
    const line = grid[row];
    if (line !== undefined && column >= 0 && column < width) line[column] = sign;
  };
  if (limit !== null) for (let column = 0; column < width; column++) draw(rowOf(limit), column, '-');
  for (const { atMs, sign } of marks) for (let row = 0; row < height; row++) draw(row, columnOf(atMs), sign);
  for (const { atMs, value } of points) draw(rowOf(value), columnOf(atMs), '*');
  const labels = new Map([[0, top], [height - 1, 0], ...(limit === null ? [] : [[rowOf(limit), limit] as const])]);
  return grid.map((line, row) => {
    const label = labels.get(row);
    return `${(label === undefined ? '' : String(Math.round(label))).padStart(LABEL_WIDTH)} |${line.join('').trimEnd()}`;
  });
}

const LABEL_WIDTH = 8;
