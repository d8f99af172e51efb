import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { joinLines, vocabularyOf } from '../../../engine/documents/layout/joining.ts';
import { paginate } from '../../../engine/documents/paginate.ts';
import { readDocument } from '../../../engine/documents/read-document.ts';
import { unwrap } from '../../../engine/documents/unwrap.ts';
import { readDocumentFile } from '../../../engine/hosts/document-reader.ts';
import { noteWords, pageList } from '../../../engine/words/note-words.ts';
import { ROOT, SAMPLE, temporaryFolder } from '../../integration/command.ts';
import { makePdf } from '../../integration/pdf-making.ts';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const SHARED = join(ROOT, '../shared/pdfs');
const bytes = (text: string) => new TextEncoder().encode(text);

describe('text', () => {
  it('joins hyphenated words and lines', () => {
    expect(joinLines(['a long exam-', 'ple of a well-known', 'North-', 'American word'])).toBe(
      'a long example of a well-known North-American word',
    );
  });

  it('keeps a hyphen that belongs to the word', () => {
    expect(joinLines(['is well-', 'known'])).toBe('is well-known');
    const vocabulary = vocabularyOf(['a cross-border trade', 'the tide and the table', 'of an example']);
    expect(joinLines(['the cross-', 'border sale'], vocabulary)).toBe('the cross-border sale');
    expect(joinLines(['a tide-', 'table'], vocabulary)).toBe('a tide-table');
    expect(joinLines(['one exam-', 'ple'], vocabulary)).toBe('one example');
    expect(joinLines(['pre-', 'and post-war'], vocabulary)).toBe('pre- and post-war');
    expect(joinLines(['soft\u00ad', 'ened'], vocabulary)).toBe('softened');
  });

  it('unwraps prose and leaves lists and verse alone', () => {
    const prose = `${'word '.repeat(12)}\n${'word '.repeat(12)}\nend.`;
    expect(unwrap(`${prose}\n\n- one\n- two`)).toBe(`${'word '.repeat(24)}end.\n- one\n- two`);
  });

  it('cuts pages without losing a character that is not a space', () => {
    const text = Array.from(
      { length: 60 },
      (_, index) => `Paragraph ${index}. ${'Some words follow. '.repeat(index)}`,
    ).join('\n');
    const pages = paginate(text);
    const squeeze = (each: string) => each.replace(/\s+/g, '');
    expect(squeeze(pages.map((page) => page.text).join('\n'))).toBe(squeeze(text));
    expect(pages.map((page) => page.number)).toEqual(pages.map((_, index) => index + 1));
    expect(Math.max(...pages.map((page) => page.text.length))).toBeLessThan(2000);
  });

  it('reads Windows-1252 with a warning', async () => {
    const document = await readDocument(Uint8Array.from([0x63, 0x61, 0x66, 0xe9]), 'menu.txt');
    expect(document.pages[0]?.text).toBe('café');
    expect(document.notes).toEqual([{ code: 'encoding-guessed', encoding: 'Windows-1252' }]);
  });

  it('reads UTF-16', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße', 'utf16le')]);
    expect((await readDocument(utf16, 'note.txt')).pages[0]?.text).toBe('Grüße');
  });
});

describe('marked-up text', () => {
  it('reads Markdown with its headings', async () => {
    const document = await readDocument(bytes('# The Lease\n\nThe rent is $40.\n\n## Term\n\nOne year.'), 'lease.md');
    expect(document.title).toBe('The Lease');
    expect(document.outline.map((heading) => heading.title)).toEqual(['The Lease', 'Term']);
    expect(document.pages[0]?.text).toContain('The rent is $40.');
  });

  it('reads the article of an HTML page, and no script', async () => {
    const article = `<article><h1>Harbour news</h1>${'<p>The harbour master spoke of the tide for a long time, and everyone listened to him.</p>'.repeat(20)}</article>`;
    const page = `<!doctype html><html><head><title>News</title><script>alert("script")</script></head><body><nav>${'<a href="#">menu</a>'.repeat(5)}</nav>${article}</body></html>`;
    const document = await readDocument(bytes(page), 'news.html');
    const text = document.pages.map((each) => each.text).join('\n');
    expect(text).toContain('harbour master');
    expect(text).not.toContain('script');
  });

  it('reads a page that is no article whole', async () => {
    const page =
      '<html><body><table><tr><td>Rent</td><td>$40</td></tr><tr><td>Term</td><td>one year</td></tr></table></body></html>';
    expect((await readDocument(bytes(page), 'table.html')).pages[0]?.text).toBe(
      '| Rent | $40 |\n| --- | --- |\n| Term | one year |',
    );
  });

  it('reads DOCX', async () => {
    const word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
    const types =
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>';
    const relations =
      '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>';
    const paragraph = (text: string) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`;
    const archive = zipSync({
      '[Content_Types].xml': strToU8(types),
      '_rels/.rels': strToU8(relations),
      'word/document.xml': strToU8(
        `<w:document ${word}><w:body>${paragraph('First clause.')}${paragraph('Second clause.')}</w:body></w:document>`,
      ),
    });
    expect((await readDocument(archive, 'contract.docx')).pages[0]?.text).toBe('First clause.\nSecond clause.');
  });

  it('reads EPUB in the order of its spine', async () => {
    const chapter = (title: string) => strToU8(`<html><body><h1>${title}</h1><p>Text of ${title}.</p></body></html>`);
    const archive = zipSync({
      mimetype: strToU8('application/epub+zip'),
      'META-INF/container.xml': strToU8(
        '<?xml version="1.0"?><container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>',
      ),
      'OPS/book.opf': strToU8(
        '<?xml version="1.0"?><package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Book</dc:title></metadata><manifest><item id="a" href="a.xhtml"/><item id="b" href="text/b%20b.xhtml"/></manifest><spine><itemref idref="b"/><itemref idref="a"/></spine></package>',
      ),
      'OPS/a.xhtml': chapter('Alpha'),
      'OPS/text/b b.xhtml': chapter('Beta'),
    });
    const document = await readDocument(archive, 'book.epub');
    expect(document.title).toBe('The Book');
    expect(document.pages.map((page) => page.text)).toEqual(['Beta\nText of Beta.', 'Alpha\nText of Alpha.']);
  });
});

describe('PDF', () => {
  it('drops running titles and page numbers, joins hyphens, and keeps the page numbers of the document', async () => {
    const document = await readDocumentFile(SAMPLE);
    expect(document.title).toBe('Katrine, with the Papers of the Harcourt Bank');
    expect(document.pages.length).toBeGreaterThanOrEqual(100);
    expect(document.notes).toEqual([]);
    const text = document.pages.map((page) => page.text).join('\n');
    expect(text).not.toMatch(/Page \d+\b/);
    expect(text.split('with the Papers of')).toHaveLength(2);
    expect(text).toContain('The safe combination of the Harcourt Bank is 48213.');
  });

  it('names the pages that have no text', async () => {
    const path = join(folder, 'half-scan.pdf');
    await makePdf(path, (pdf) => {
      pdf.text('A page of text.');
      pdf.addPage().rect(10, 10, 300, 300).fill('grey');
      pdf.addPage().rect(10, 10, 300, 300).fill('grey');
    });
    const document = await readDocumentFile(path);
    expect(document.pages.map((page) => page.text)).toEqual(['A page of text.', '', '']);
    expect(document.notes.map((note) => noteWords(note, 'app'))).toEqual([
      'Without text (blank or scanned pictures): pages 2–3.',
    ]);
  });

  it('lists pages as people do', () => {
    expect(pageList([3])).toBe('page 3');
    expect(pageList([1, 2, 3, 7, 9, 10])).toBe('pages 1–3, 7, 9–10');
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    const reading = readDocumentFile(SAMPLE, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  // Files of other people (CC BY-SA) stay outside the project.
  describe.skipIf(!existsSync(SHARED))('difficult ones from ../shared/pdfs', () => {
    it.each([
      ['pdflatex-4-pages.pdf', 4, /Hello, here is some text without a meaning/],
      ['pdflatex-outline.pdf', 4, /blind text like this gives you information/],
      ['multicolumn.pdf', 3, /EU Countries Information/],
      ['google-doc-document.pdf', 1, /Explicit is better than implicit\. Simple is better/],
      ['habibi.pdf', 1, /habibi/],
    ])('%s', async (name, count, text) => {
      const document = await readDocument(readFileSync(join(SHARED, name)), name);
      expect(document.pages).toHaveLength(count);
      expect(document.pages.map((page) => page.text).join('\n')).toMatch(text);
    });

    it('pdflatex-outline.pdf keeps its outline', async () => {
      const document = await readDocument(readFileSync(join(SHARED, 'pdflatex-outline.pdf')), 'outline.pdf');
      expect(document.outline.length).toBeGreaterThan(5);
      expect(document.outline.every((heading) => heading.page >= 1 && heading.page <= 4)).toBe(true);
    });
  });
});
