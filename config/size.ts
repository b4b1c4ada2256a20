// Sizes of memory, as they stand in the configuration: bytes, or text with a unit.

const UNITS: Readonly<Record<string, number>> = {
  ...{ B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
};

/** What is allowed where a size belongs. */
export const SIZE_LIKE = `bytes, or a number and one of ${Object.keys(UNITS).join(', ')}, such as 2 GiB`;

/** In bytes, or null when `found` is something else. */
export function parseSize(found: number | string): number | null {
  if (typeof found === 'number') return Number.isInteger(found) && found > 0 ? found : null;
  const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)?$/.exec(found.trim()) ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? (UNITS[unit] ?? NaN) : NaN;
  const bytes = Math.round(Number(number) * factor);
  return bytes > 0 ? bytes : null;
}
