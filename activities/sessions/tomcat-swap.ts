export function createTomcatSwap(..._a: unknown[]): never {
  throw new Error('x');
}
