/** Requests that no browser sends, from a seed. */
import { seededRandom } from '../../../engine/generate/sampling.ts';

export interface Access {
  readonly port: number;
  readonly cookie: string;
}

type Pick = <Each>(from: readonly Each[]) => Each;

const TARGETS = [
  '//',
  '///',
  '//attacker.example/',
  '*',
  '/%',
  '/%zz',
  '/%ff%fe',
  '/%00',
  '/..%2f..%2fetc/passwd',
  '/../../etc/passwd',
  'http://attacker.example/',
  'http://',
  'https://[',
  'javascript:alert(1)',
  '/\\..\\..\\x',
  '/?token=',
  '/?token=%',
  '/documents',
  '/documents/',
  '/documents/00000000-0000-4000-8000-000000000000',
  '/documents/------------------------------------',
  '/documents/..%2f..%2fproxima.sqlite',
  '/events',
  '/events?x',
  '/model/config.json',
  '/proxima.sqlite',
  'x',
  '',
  '/%c0%ae%c0%ae/',
];
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'CONNECT',
  'PROPFIND',
  'get',
  'G\0T',
  '',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9', 'FTP/1', ''];
const HEADERS = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, identity',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Length: 5\r\nContent-Length: 6',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Connection: Upgrade',
  'Connection: upgrade, keep-alive',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Version: 99',
  'Range: bytes=9-1',
  'Range: bytes=-99999999999999999999',
  'If-None-Match: "',
  'Cookie: ;;;=;==',
  'Cookie: __proto__=1',
  'Origin: null',
  'Origin: http://attacker.example',
  'Accept-Encoding: \xff\xfe',
  ': empty',
  'No colon here',
  ' Folded: yes',
  `X-Long: ${'x'.repeat(20_000)}`,
  'Sec-WebSocket-Extensions: permessage-deflate; x=',
  'Content-Type: multipart/form-data',
];
const BODIES = [
  '',
  'five!',
  '5\r\nhello\r\n',
  'zz\r\n',
  'ffffffffffffffff\r\n',
  '\0\0\0\0',
  '\x81\xfe\x00',
  'a'.repeat(70_000),
];

/** One request, as it goes over the wire. */
export function malformedRequest(seed: number, { port, cookie }: Access): string {
  const random = seededRandom(seed);
  const pick: Pick = (from) => from[Math.floor(random() * from.length)] as (typeof from)[number];
  const host = pick([
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    'attacker.example',
    `127.0.0.1:${port}`,
    '',
    '[::1',
    undefined,
  ]);
  const headers = [
    ...(host === undefined ? [] : [`Host: ${host}`]),
    ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
    ...pick([[], [`Origin: http://127.0.0.1:${port}`]]),
    ...Array.from({ length: Math.floor(random() * 4) }, () => pick(HEADERS)),
  ];
  const line = `${pick(METHODS)} ${pick(TARGETS)} ${pick(VERSIONS)}`;
  const end = pick(['\r\n\r\n', '\r\n\r\n', '\r\n\r\n', '\n\n', '', '\r\n']);
  return `${line}\r\n${headers.join('\r\n')}${end}${pick(BODIES)}`;
}

/** An upload that breaks off, in one of several ways. */
export function brokenUpload(seed: number, { port, cookie }: Access): string {
  const random = seededRandom(seed);
  const head = [
    `POST /documents?name=${encodeURIComponent(`broken-${seed}.pdf`)} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Cookie: ${cookie}`,
    `Origin: http://127.0.0.1:${port}`,
  ];
  const sent = 'x'.repeat(Math.floor(random() * 100_000));
  return random() < 0.5
    ? [...head, 'Content-Length: 200000', '', sent].join('\r\n')
    : [...head, 'Transfer-Encoding: chunked', '', `${sent.length.toString(16)}\r\n${sent}`].join('\r\n');
}

/** What a page would never say, as text. */
export function malformedMessage(seed: number): string {
  const random = seededRandom(seed);
  const pick: Pick = (from) => from[Math.floor(random() * from.length)] as (typeof from)[number];
  const odd = [
    null,
    0,
    -1,
    1e308,
    '',
    'x',
    [],
    {},
    [[]],
    { __proto__: null },
    '../../etc/passwd',
    '\u0000',
    'x'.repeat(5000),
    true,
  ];
  const name = pick<unknown>([
    'getState',
    'getPages',
    'ask',
    'removeModel',
    'constructor',
    '__proto__',
    'toString',
    7,
    null,
    undefined,
    {},
  ]);
  const parameters = pick<unknown>([
    ...odd,
    { document: pick<unknown>(odd) },
    { model: pick<unknown>(odd), conversation: pick<unknown>(odd) },
  ]);
  const message = JSON.stringify({ id: pick<unknown>([1, 'one', null, -1, 1.5, undefined, []]), name, parameters });
  return pick([
    message,
    message,
    message.slice(0, -3),
    `[${message}]`,
    'null',
    '"',
    '[]',
    `${'['.repeat(10_000)}`,
    '{}',
    '{"id":1}',
  ]);
}

/** Bytes after the handshake that are no frames, or frames that are forbidden (RFC 6455, 5). */
export function malformedFrame(seed: number): Buffer {
  const random = seededRandom(seed);
  const kinds = [
    () => Buffer.from([0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f]), // Not masked.
    () => Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), // Reserved bits.
    () => Buffer.from([0x83, 0x80, 0, 0, 0, 0]), // A reserved kind.
    () => Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), // 2^64 - 1 bytes.
    () => Buffer.from([0x81, 0xfe, 0x00]), // Broken off.
    () => Buffer.from([0x80, 0x80, 0, 0, 0, 0]), // Goes on with nothing.
    () => Buffer.from([0x09, 0x80, 0, 0, 0, 0]), // A ping in parts.
    () => Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1]), // Closes with half a code.
    () => Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), // No UTF-8.
    () => Buffer.from(Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.floor(random() * 256))),
  ];
  return (kinds[Math.floor(random() * kinds.length)] ?? (() => Buffer.alloc(0)))();
}
