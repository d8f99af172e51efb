/** What files of other people's programs have, and was once lost from them without a word. */
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { Run } from '../../../engine/documents/layout/runs.ts';
import { toSegments } from '../../../engine/documents/layout/runs.ts';
import { commentsOf } from '../../../engine/documents/pdf/annotations.ts';
import { layOutTagged } from '../../../engine/documents/pdf/tagged.ts';
import { readDocument } from '../../../engine/documents/read-document.ts';

const WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"';
const DRAWING = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

const archive = (members: Readonly<Record<string, string>>) =>
  zipSync(Object.fromEntries(Object.entries(members).map(([name, text]) => [name, strToU8(text)])));
const read = (content: Uint8Array | string, name: string) =>
  readDocument(typeof content === 'string' ? new TextEncoder().encode(content) : content, name);
const textOf = async (content: Uint8Array | string, name: string) =>
  (await read(content, name)).pages.map(({ text }) => text).join('\n');

const CHART = `<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" ${DRAWING}>
  <c:title><a:p><a:r><a:t>Tolls of the bridge</a:t></a:r></a:p></c:title>
  <c:ser><c:tx><c:v>dollars</c:v></c:tx><c:xVal><c:v>1999</c:v><c:v>2001</c:v></c:xVal><c:yVal><c:v>4</c:v><c:v>5</c:v></c:yVal></c:ser>
  <c:ser><c:tx><c:v>pounds</c:v></c:tx><c:xVal><c:v>1999</c:v></c:xVal><c:yVal><c:v>3</c:v></c:yVal></c:ser></c:chartSpace>`;

describe('DOCX', () => {
  const docx = (body: string, more: Readonly<Record<string, string>> = {}) =>
    archive({
      '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
      '_rels/.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${RELATIONS}/officeDocument" Target="word/document.xml"/></Relationships>`,
      'word/document.xml': `<w:document ${WORD} ${MATH}><w:body>${body}</w:body></w:document>`,
      ...more,
    });
  const math = (text: string) => `<m:r><m:t>${text}</m:t></m:r>`;

  it('keeps its equations, on a line', async () => {
    const root = `<m:rad><m:deg/><m:e>${math('x')}</m:e></m:rad>`;
    const power = `<m:sSup><m:e>${math('r')}</m:e><m:sup>${math('2')}</m:sup></m:sSup>`;
    const fraction = `<m:f><m:num>${math('a+b')}</m:num><m:den>${math('c')}</m:den></m:f>`;
    const body = `<w:p><w:r><w:t>It is</w:t></w:r><m:oMathPara><m:oMath>${math('A=π')}${power}</m:oMath></m:oMathPara></w:p>
      <w:p><m:oMath>${root}${math('&lt;')}${fraction}</m:oMath></w:p>`;
    expect(await textOf(docx(body), 'a.docx')).toBe('It is A=πr^2\n√(x)<(a+b)/c');
  });

  it('keeps words with readings above them', async () => {
    const ruby = `<w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r>`;
    expect(await textOf(docx(`<w:p>${ruby}</w:p>`), 'a.docx')).toBe('東京 (とうきょう)');
  });

  it('keeps charts and diagrams, and headers that are a number', async () => {
    const more = {
      'word/charts/chart1.xml': CHART,
      'word/diagrams/data1.xml': `<d ${DRAWING}><a:p><a:r><a:t>From here</a:t></a:r></a:p></d>`,
      'word/header1.xml': `<w:hdr ${WORD}><w:p><w:r><w:t>4711/2024</w:t></w:r></w:p><w:p><w:r><w:t>12</w:t></w:r></w:p></w:hdr>`,
    };
    const text = await textOf(docx('<w:p><w:r><w:t>Words.</w:t></w:r></w:p>', more), 'a.docx');
    expect(text.split('\n')).toEqual([
      '4711/2024',
      'Words.',
      'From here',
      'Tolls of the bridge',
      '|  | dollars |',
      '| --- | --- |',
      '| 1999 | 4 |',
      '| 2001 | 5 |',
      '|  | pounds |',
      '| --- | --- |',
      '| 1999 | 3 |',
    ]);
  });
});

it('PPTX says which slides are missing, and finds them whatever prefix their relations have', async () => {
  const slides = ['1', '2'].map((id) => `<p:sldId id="25${id}" x:id="r${id}"/>`).join('');
  const target = (id: string) => `<Relationship Id="r${id}" Type="${RELATIONS}/slide" Target="slides/slide${id}.xml"/>`;
  const content = archive({
    'ppt/presentation.xml': `<p:presentation xmlns:p="p" xmlns:x="${RELATIONS}"><p:sldIdLst>${slides}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': `<Relationships>${target('1')}${target('2')}</Relationships>`,
    'ppt/slides/slide1.xml': `<p:sld xmlns:p="p" ${DRAWING}><p:cSld><p:spTree><p:sp><a:p><a:r><a:t>The first</a:t></a:r></a:p></p:sp></p:spTree></p:cSld></p:sld>`,
  });
  const { pages, notes } = await read(content, 'a.pptx');
  expect(pages.map(({ text }) => text)).toEqual(['The first', '']);
  expect(notes).toEqual([{ code: 'parts-damaged', parts: ['ppt/slides/slide2.xml'] }]);
});

describe('CSV', () => {
  it('of more rows than are read says so', async () => {
    const rows = Array.from({ length: 100_050 }, (_, row) => `${row},name ${row}`).join('\n');
    const { notes } = await read(`${rows}\n`, 'a.csv');
    expect(notes).toEqual([{ code: 'read-partly', what: 'rows', read: 100_000, of: 100_050 }]);
  });
});

describe('Markdown', () => {
  it('keeps headings, tables and code apart from prose', async () => {
    const lines = [
      '## A heading that is long enough to be taken for a line of prose',
      'The text below it.',
      '|the name of a thing that is long|its value, which is longer|',
      '|the bridge that crosses the river|4 dollars and some cents|',
      '```',
      'const first = await something(that, takes, many, parameters);',
      'const other = await something(that, takes, many, parameters);',
      '```',
    ];
    expect(await textOf(lines.join('\n'), 'a.md')).toBe(lines.join('\n'));
  });
});

describe('RTF', () => {
  it('keeps text boxes and comments', async () => {
    const box = '{\\shp{\\*\\shpinst\\shpleft0{\\sp{\\sn a}{\\sv 1}}{\\shptxt The toll.\\par}}}';
    const comment = '{\\*\\atnid JD}{\\*\\atnauthor J. Doe}{\\*\\annotation Who says so?}';
    const text = await textOf(`{\\rtf1\\ansi Before ${box} after${comment} it.\\par}`, 'a.rtf');
    expect(text.replace(/\s+/g, ' ')).toBe('Before The toll. after [Comment: Who says so?] it.');
  });

  it('takes no word for one of its own that JavaScript has', async () => {
    expect(await textOf('{\\rtf1\\ansi a\\constructor b\\toString c\\par}', 'a.rtf')).toBe('abc');
    expect(await textOf('Some words.', 'a.constructor')).toBe('Some words.');
  });

  it("reads letters by their font's character set", async () => {
    const fonts = '{\\fonttbl{\\f0\\fnil\\fcharset0 Arial;}{\\f1\\fnil\\fcharset204{\\*\\fname Arial;}Arial CYR;}}';
    const text = await textOf(
      `{\\rtf1\\ansi\\ansicpg1252\\deff0${fonts}\\f0 caf\\'e9 \\f1\\'cc\\'e8\\'f0\\f0 \\'e9\\par}`,
      'a.rtf',
    );
    expect(text).toBe('café Мирé');
  });
});

it.each([
  '<html><script>var a;</script><head><title>A</title></head><body><p>The toll is 4 dollars.</body></html>',
  '<html><h1>Tolls</h1><p>The toll is 4 dollars.</html>',
  '<html><head><title>A</title></head><body>Before</body><p>The toll is 4 dollars.</p></html>',
])('HTML that is not in order is read whole: %s', async (page) => {
  expect(await textOf(page, 'a.html')).toContain('The toll is 4 dollars.');
});

it('headings in cells and items are read as the words that they are', async () => {
  const table =
    '<table><tr><td><h2>Skills</h2></td><td>Sailing</td></tr><tr><td><h3>Age</h3></td><td>40</td></tr></table>';
  const text = await textOf(
    `<html><body><h1>A life</h1>${table}<ul><li><h2>Harbour</h2></li></ul></body></html>`,
    'a.html',
  );
  expect(text.split('\n')).toEqual(['A life', '| Skills | Sailing |', '| --- | --- |', '| Age | 40 |', '- Harbour']);
});

it("HTML keeps the labels of its drawings, and no icon's name", async () => {
  const drawing =
    '<svg><style>a{}</style><title>icon</title><g><text>Harbour</text><text x="1">4 <tspan>miles</tspan></text></g></svg>';
  const text = await textOf(`<html><body><p>The way</p>${drawing}<p>is long.</p></body></html>`, 'a.html');
  expect(text.split('\n')).toEqual(['The way', 'Harbour', '4 miles', 'is long.']);
});

describe('PDF', () => {
  const run = (text: string, x: number, more: Partial<Run> = {}): Run => ({
    ...{ text, x, y: 10, width: text.length * 5, height: 10, rightToLeft: false, order: 0, mark: undefined },
    ...more,
  });

  it('has a space where a narrow one is drawn, but none between letters that are spaced out', () => {
    const [segment] = toSegments([run('This', 0), run(' ', 20, { width: 1 }), run('agreement', 21)]);
    expect(segment?.text).toBe('This agreement');
    const letters = ['T', 'h', 'i', 's'].flatMap((letter, index) => [
      run(letter, index * 6),
      run(' ', index * 6 + 5, { width: 1 }),
    ]);
    expect(toSegments(letters)[0]?.text).toBe('This');
  });

  it('keeps what a tagged table has outside of its cells', () => {
    const leaf = (id: string) => ({ type: 'content', id });
    const rows = [{ role: 'TR', children: [{ role: 'TD', children: [leaf('a')] }, leaf('b')] }];
    const found = layOutTagged({ children: [{ role: 'Table', children: rows }] }, [
      run('toll', 0, { mark: 'a' }),
      run('4 dollars', 100, { mark: 'b' }),
    ]);
    expect(JSON.stringify(found?.items)).toContain('4 dollars');
  });

  it('reads comments on shapes', () => {
    const annotations = ['Square', 'Circle', 'Line', 'Polygon', 'Popup', 'Link'].map((subtype) => ({
      subtype,
      rect: [0, 0, 1, 1],
      contentsObj: { str: `On a ${subtype}` },
    }));
    expect(commentsOf(annotations)).toEqual(
      ['Square', 'Circle', 'Line', 'Polygon'].map((each) => `Comment: On a ${each}`),
    );
  });
});
