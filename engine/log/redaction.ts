/** Takes out of a line what nobody else's business is: where the reader's files lie, secrets, and what addresses ask for. */

export interface Private {
  /** Folders and what stands for each in the log; the deepest first where one lies in another. */
  readonly folders: readonly { readonly path: string; readonly name: string }[];
  /** Exact texts, for instance the token of this run. */
  readonly secrets: readonly string[];
}

/** A query of an address, with or without the address before it: names of files stand there, and tokens. */
const QUERY = /\?[\w.~%+[\]-]*=[^\s"'`)>]*/g;
const ADDRESS_QUERY = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`?#]*)[?#][^\s"'`)>]*/gi;
const CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const TOKENS = [
  /\bhf_\w{8,}/g,
  /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi,
  /\b(token|password|secret|authorization|api[_-]?key|cookie)\b(["']?\s*[:=]\s*["']?)[^\s"',;)}]+/gi,
  /\bproxima-\d+=[\w-]+/g,
] as const;
/** Homes of this or another user, wherever they turn up. */
const HOMES = /(?:\/(?:home|Users)\/|\b[a-z]:[\\/]+Users[\\/]+)[^\\/\s"':]+/gi;
const SHORTEST_SECRET = 4;

export function redact(text: string, { folders, secrets }: Private): string {
  let redacted = text;
  for (const secret of secrets)
    if (secret.length >= SHORTEST_SECRET) redacted = redacted.replaceAll(secret, '<secret>');
  for (const { path, name } of folders)
    for (const written of waysToWrite(path)) redacted = redacted.replaceAll(written, name);
  redacted = redacted
    .replace(CREDENTIALS, '$1<secret>@')
    .replace(ADDRESS_QUERY, '$1?<query>')
    .replace(QUERY, '?<query>');
  for (const token of TOKENS) redacted = redacted.replace(token, '<secret>');
  return redacted.replace(HOMES, '~');
}

/** As it is, as an address, in JSON, and with the other slashes. */
function waysToWrite(path: string): string[] {
  if (path.length < 2) return []; // The root, as the home of a service: everything lies there.
  const slashes = path.replaceAll('\\', '/');
  const address = slashes.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':');
  return [
    ...new Set([
      JSON.stringify(path).slice(1, -1),
      path,
      slashes,
      address,
      encodeURI(slashes),
      encodeURIComponent(path),
    ]),
  ];
}
