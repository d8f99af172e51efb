/** Whatever is written, where the reader's files lie and what is secret is not in it. */
import fc from 'fast-check';
import { expect, describe as group, it } from 'vitest';
import { ProximaError } from '../../../engine/errors.ts';
import { describe } from '../../../engine/log/description.ts';
import { redact } from '../../../engine/log/redaction.ts';

const word = fc.stringMatching(/^[A-Za-z0-9_-]{4,16}$/);
const name = fc.oneof(word, fc.constantFrom('Zoë Ångström', 'my files', 'a+b', '100%', 'Ünï'));
const noise = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('at f (', 'file://', '"', "'", '\n    at ', ': ', '(', '\\'),
);

/** Ways in which a path turns up in messages and stacks. */
const written = (path: string) =>
  fc.constantFrom(
    path,
    encodeURI(path),
    `file://${encodeURI(path)}`,
    JSON.stringify(path),
    `${path}/x.pdf:1:2`,
    encodeURIComponent(path),
  );

group('redaction', () => {
  it('leaves no path of the home or the data folder, however it is written', () => {
    const home = name.map((each) => `/srv/people/${each}`);
    fc.assert(
      fc.property(
        home
          .chain((path) =>
            fc.tuple(fc.constant(path), fc.constantFrom('', '/.local/share/proxima', '/Documents/tax.pdf')),
          )
          .chain(([path, below]) => fc.tuple(fc.constant(path), written(path + below))),
        noise,
        noise,
        ([path, way], before, after) => {
          const folders = [
            { path: `${path}/.local/share/proxima`, name: '<data folder>' },
            { path, name: '~' },
          ];
          const text = redact(`${before}${way}${after}`, { folders, secrets: [] });
          for (const each of [path, encodeURI(path), encodeURIComponent(path)]) expect(text).not.toContain(each);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves no home of anybody, on any system', () => {
    fc.assert(
      fc.property(
        word,
        fc.constantFrom('/home/', '/Users/', 'C:\\Users\\', 'c:/Users/', 'C:\\\\Users\\\\'),
        noise,
        (user, root, before) => {
          const secret = `${user}Q9`;
          expect(redact(`${before} ${root}${secret}/x`, { folders: [], secrets: [] })).not.toContain(secret);
        },
      ),
    );
  });

  it('leaves no token and no query', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9]{20,40}$/);
    const way = fc.constantFrom<((token: string) => string)[]>(
      (each) => `hf_${each}`,
      (each) => `Authorization: Bearer ${each}`,
      (each) => `token=${each}`,
      (each) => `{"token":"${each}"}`,
      (each) => `http://127.0.0.1:4000/?token=${each}`,
      (each) => `https://user:${each}@mirror.example/x`,
      (each) => `/documents?name=${each}.pdf`,
      (each) => `app://proxima/documents?name=${each}`,
      (each) => `proxima-4000=${each}`,
      (each) => `password: ${each}`,
    );
    fc.assert(
      fc.property(token, way, noise, (secret, write, before) => {
        expect(redact(`${before} ${write(secret)}`, { folders: [], secrets: [] })).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
    expect(redact('x s3cret-of-run y', { folders: [], secrets: ['s3cret-of-run'] })).toBe('x <secret> y');
  });

  it('leaves the rest as it is', () => {
    const line = 'Error: no adapter was found (code 12)\n    at f (engine/runtime/webgpu.ts:3:7)';
    expect(redact(line, { folders: [{ path: '/home/me', name: '~' }], secrets: [''] })).toBe(line);
  });
});

group('what of an error is written', () => {
  const secret = fc.stringMatching(/^[A-Z][a-z]{7,12} [a-z]{7,12}$/).map((each) => `${each} Zq7x`);

  it('nothing of a document: not what it is called, not what stands in it, not what was asked', () => {
    const failing = (text: string): unknown[] => [
      new ProximaError('document-damaged', { name: `${text}.pdf`, reason: text }),
      new ProximaError('file-missing', { path: `/x/${text}` }),
      new ProximaError('told-earlier', { message: text, wayOut: text }),
      new SyntaxError(`Unexpected token 'x', "${text}" is not valid JSON`),
      new Error(`could not parse '${text}'`, { cause: new Error(`«${text}»`) }),
      text,
      { text },
    ];
    fc.assert(
      fc.property(secret, (text) => {
        for (const each of failing(text)) {
          expect(describe(each)).not.toContain('Zq7x');
          expect(describe(each, true)).not.toContain('Zq7x');
        }
        // Where a document is being read, also what is not in quotes.
        expect(describe(new Error(`bad entity ${text}\n  at ${text} (x)`), true)).not.toContain('Zq7x');
      }),
    );
  });

  it('the code, its numbers and the stack', () => {
    const error = new ProximaError('document-stalled', { name: 'x.pdf', seconds: 20 });
    expect(describe(error)).toMatch(/^document-stalled \(seconds 20\)\n\s+at .*redaction\.test\.ts:\d+:\d+/);
    expect(describe(new ProximaError('engine-failed', { reason: 'no kernel for Foo' }))).toMatch(
      /^engine-failed \(reason no kernel for Foo\)/,
    );
    expect(describe(new TypeError('x is not a function'))).toMatch(/^TypeError: x is not a function\n\s+at /);
    expect(describe(Object.assign(new Error('failed'), { code: 'ENOSPC' }))).toMatch(/^Error \(ENOSPC\): failed/);
    expect(describe(new Error('outer', { cause: new Error('inner') }))).toMatch(/caused by Error: inner\n\s+at /);
  });
});
