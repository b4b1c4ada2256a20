// Which application a canary tries: the others are taken at the server's word.

/** The one of `contexts` that has `path`, as a servlet container finds it; undefined where none has. */
export function contextOf(path: string, contexts: readonly string[]): string | undefined {
  const [bare = ''] = path.split(/[?;]/, 1);
  const [context] = contexts
    .filter((each) => `${bare}/`.startsWith(`${each}/`))
    .toSorted((one, other) => other.length - one.length);
  return context;
}
