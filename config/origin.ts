// Scheme, host and port of a server, as it stands in the configuration and on command lines.

/** One spelling for each origin, so that the same machine is seen to be the same; null when `text` is something else. */
export function parseOrigin(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return /^\/?$/.test(url.pathname + url.search + url.hash) && url.username + url.password === '' ? url.origin : null;
}

/** What is allowed where an origin belongs. */
export function originLike(example: string): string {
  return `an origin without path, such as ${example}`;
}
