// Ordinary least squares by normal equations, for a handful of columns.

export interface Fit {
  coefficients: number[];
  /** Standard errors of the coefficients, widened for residuals that remember. */
  errors: number[];
  residuals: number[];
  squares: number;
  /** How many independent rows those are worth. */
  effectiveRows: number;
}

/** Pivots below this, of columns of size one, mean that a column says nothing new. */
const SINGULAR = 1e-9;

/**
 * Null where the columns depend on each other, or there are too few rows. Errors take autocorrelation of the residuals at lag 1 into
 * account by the effective number of rows n (1 - r) / (1 + r) (Bayley and Hammersley, J. Royal Statistical Society 8, 1946).
 */
export function leastSquares(columns: readonly (readonly number[])[], y: readonly number[]): Fit | null {
  const size = columns.length;
  const n = y.length;
  if (n <= size + 1) return null;
  const scales = columns.map((column) => Math.sqrt(dot(column, column) / n) || 1);
  const scaled = columns.map((column, j) => column.map((value) => value / (scales[j] ?? 1)));
  // [X'X | X'y | I], divided by n.
  const rows = scaled.map((column, i) => [
    ...scaled.map((other) => dot(column, other) / n),
    dot(column, y) / n,
    ...scaled.map((_, j) => (i === j ? 1 : 0)),
  ]);
  if (!eliminate(rows, size)) return null;
  const solution = rows.map((row) => row[size] ?? 0);
  const residuals = y.map(
    (value, i) => value - scaled.reduce((sum, column, j) => sum + (column[i] ?? 0) * (solution[j] ?? 0), 0),
  );
  const squares = dot(residuals, residuals);
  const r = squares === 0 ? 0 : Math.min(0.99, Math.max(0, dot(residuals.slice(1), residuals.slice(0, -1)) / squares));
  const effectiveRows = (n * (1 - r)) / (1 + r);
  const variance = (squares / (n - size)) * (n / effectiveRows);
  return {
    coefficients: solution.map((value, j) => value / (scales[j] ?? 1)),
    errors: rows.map((row, j) => Math.sqrt(Math.max(0, (row[size + 1 + j] ?? 0) / n) * variance) / (scales[j] ?? 1)),
    residuals,
    squares,
    effectiveRows,
  };
}

/** Gauss and Jordan with partial pivoting, in place; false where the matrix is singular. */
function eliminate(rows: number[][], size: number): boolean {
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = row;
    }
    const found = rows[pivot];
    const head = found?.[column] ?? 0;
    if (found === undefined || Math.abs(head) < SINGULAR) return false;
    rows[pivot] = rows[column] ?? [];
    rows[column] = found.map((value) => value / head);
    for (let row = 0; row < size; row++) {
      const factor = rows[row]?.[column] ?? 0;
      if (row !== column && factor !== 0)
        rows[row] = (rows[row] ?? []).map((value, j) => value - factor * (rows[column]?.[j] ?? 0));
    }
  }
  return true;
}

function dot(one: readonly number[], other: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}
