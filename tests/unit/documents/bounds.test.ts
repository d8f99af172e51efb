/** Documents that ask for too much, or are not quite what they are called. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { flattened } from '../../../engine/documents/markup/parse-markup.ts';
import { readDocument } from '../../../engine/documents/read-document.ts';
import { failureOf } from '../../../engine/errors.ts';
import { readDocumentFile } from '../../../engine/hosts/document-reader.ts';
import { wordsFor } from '../../../engine/words/words.ts';

const folder = mkdtempSync(join(tmpdir(), 'proxima-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = async (content: string | Uint8Array, name: string) => {
  const { pages } = await readDocument(typeof content === 'string' ? bytes(content) : content, name);
  return pages.map(({ text }) => text).join('\n');
};

describe('HTML', () => {
  it.each([
    ['div', 100_000],
    ['b', 100_000],
    ['ul', 100_000],
    ['li', 20_000],
    ['td', 20_000],
    ['p', 20_000],
  ])('of nested <%s>, %i of them, is read', async (name, count) => {
    const page = `<html><body>${`<${name}>`.repeat(count)}deep words${`</${name}>`.repeat(count)}<p>after all</p></body></html>`;
    expect(await textOf(page, 'deep.html')).toBe('deep words\nafter all');
  });

  it('that is nested as pages are keeps every tag, and a deeper one its words', () => {
    const page = `${'<div class="a">'.repeat(60)}<p>one<br>two</p>${'</div>'.repeat(60)}`;
    expect(flattened(page)).toBe(page);
    const deep = `${'<div>'.repeat(120)}one<i>two</i>${'</div>'.repeat(120)}`;
    const flat = flattened(deep);
    expect(flat.match(/<div>/g)).toHaveLength(100);
    expect(flat.match(/<\/div>/g)).toHaveLength(100);
    expect(flat).toMatch(/one two/);
  });
});

describe('files', () => {
  /** As large as is asked, of which next to nothing lies on the disk. */
  function sparse(name: string, head: string, size: number): string {
    writeFileSync(join(folder, name), head);
    truncateSync(join(folder, name), size);
    return join(folder, name);
  }

  it.each([
    ['large.pdf', '%PDF-1.7\n', 1.1e9, 'larger than 1 GiB'],
    ['large.docx', 'PK\u0003\u0004', 6e8, 'larger than 512 MiB'],
    ['large.txt', 'Some words.', 1e9, 'larger than 128 MiB'],
  ])('%s is refused before it is read', async (name, head, size, words) => {
    const failure = await readDocumentFile(sparse(name, head, size)).then(
      () => undefined,
      (cause) => failureOf(cause),
    );
    expect(failure?.code).toBe('file-too-large');
    expect(failure && wordsFor(failure, 'app').cause).toContain(words);
  });
});

describe('RTF', () => {
  it.each([
    ['as Word writes it', '{\\rtf1\\ansi The rent is \\b forty\\b0  dollars.\\par}'],
    ['with a shortened head, as Word takes it', '{\\rt The rent is forty dollars.\\par}'],
    ['after a mark and empty lines', '\ufeff\r\n {\\rtf1\\ansi The rent is forty dollars.\\par}'],
    ['without its first word', '{\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\pard The rent is forty dollars.\\par}'],
    ['that is text', 'The rent is forty dollars.'],
  ])('%s is read', async (_, content) => {
    expect((await textOf(content, 'lease.rtf')).replace(/\s+/g, ' ')).toBe('The rent is forty dollars.');
  });

  it('that is something else altogether is refused', async () => {
    await expect(
      textOf(
        Uint8Array.from({ length: 300 }, (_, index) => index % 9),
        'a.rtf',
      ),
    ).rejects.toMatchObject({
      code: 'format-unknown',
    });
  });
});

describe('EPUB behind DRM', () => {
  const container = '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>';
  const book = (more: Record<string, string>) =>
    zipSync({
      'META-INF/container.xml': strToU8(container),
      'book.opf': strToU8(
        '<package><manifest><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>',
      ),
      'a.xhtml': strToU8('<html><body><p>Words.</p></body></html>'),
      ...Object.fromEntries(Object.entries(more).map(([name, text]) => [name, strToU8(text)])),
    });
  const encryption = (algorithm: string) =>
    `<encryption><EncryptedData><EncryptionMethod Algorithm="${algorithm}"/></EncryptedData></encryption>`;

  it.each([
    ['META-INF/rights.xml', '<rights/>', 'Adobe'],
    ['META-INF/license.lcpl', '{}', 'Readium LCP'],
    ['META-INF/sinf.xml', '<sinf/>', 'Apple FairPlay'],
    ['META-INF/encryption.xml', encryption('http://www.w3.org/2001/04/xmlenc#aes128-cbc'), null],
  ])('by %s is refused by name', async (name, content, scheme) => {
    await expect(readDocument(book({ [name]: content }), 'a.epub')).rejects.toMatchObject({
      code: 'document-protected',
      detail: { scheme },
    });
  });

  it('is none where only fonts are made unusable', async () => {
    const fonts = book({ 'META-INF/encryption.xml': encryption('http://www.idpf.org/2008/embedding') });
    expect(await textOf(fonts, 'a.epub')).toBe('Words.');
  });
});
