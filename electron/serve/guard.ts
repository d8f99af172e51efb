/** Who may talk to serve mode: this machine's own browser, with the token of this run, from this page and no other. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Guard {
  readonly token: string;
  /** The port that is listened on; known once it is. */
  port: number;
}

/** Why a request is refused; undefined where it is welcome. `upgrade` and changing requests must say where they come from. */
export function refusal(request: IncomingMessage, guard: Guard): string | undefined {
  const { host, origin } = request.headers;
  if (!hasOwnHost(request, guard)) return 'This address is not served here.';
  const changes = request.method !== 'GET' && request.method !== 'HEAD';
  const upgrades = request.headers.upgrade !== undefined;
  if (origin === undefined ? changes || upgrades : origin !== `http://${host}`) return 'Another page may not ask this.';
  if (!isToken(cookieOf(request, guard), guard.token))
    return 'The token is missing or wrong: open the address that was printed.';
  return undefined;
}

/** Whether it is addressed to this machine by its own name: a page of another one that resolves to here is not. */
export function hasOwnHost({ headers }: IncomingMessage, { port }: Guard): boolean {
  return headers.host === `127.0.0.1:${port}` || headers.host === `localhost:${port}`;
}

/** Where a request goes; undefined for anything but a path (RFC 9112, 3.2.1): `//`, `*`, a whole address. */
export function targetOf({ url = '' }: IncomingMessage): URL | undefined {
  return url.startsWith('/') && !url.startsWith('//') ? (URL.parse(url, 'http://127.0.0.1') ?? undefined) : undefined;
}

/** Whether the address carries the token, as the printed one does. */
export function bringsToken(url: URL, guard: Guard): boolean {
  return isToken(url.searchParams.get('token') ?? undefined, guard.token);
}

export function cookieFor(guard: Guard): string {
  return `${cookieName(guard)}=${guard.token}; HttpOnly; SameSite=Strict; Path=/`;
}

/** Browsers send one host's cookies to all its ports: each run has a name of its own. */
function cookieName({ port }: Guard): string {
  return `proxima-${port}`;
}

function cookieOf(request: IncomingMessage, guard: Guard): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === cookieName(guard))?.[1];
}

function isToken(given: string | undefined, token: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}
