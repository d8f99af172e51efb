/** Files that are small and want to be large: ZIP and XML bombs, endless PDFs, pictures of 30,000 × 30,000. */
import { crc32, deflateRawSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import { pdfOf } from './pdf-making.ts';
import { largePicture } from './scanned.ts';

const MEBIBYTE = 2 ** 20;
const SIDE = 30_000;

/** An archive whose members each unpack to so many MiB of spaces. */
function zipBomb(names: readonly string[], mebibytes: number): Buffer {
  const content = Buffer.alloc(mebibytes * MEBIBYTE, ' ');
  const packed = deflateRawSync(content, { level: 9 });
  const sum = crc32(content);
  const members: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const name of names) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(sum, 14);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    local.copy(central, 6, 4, 30);
    central.writeUInt32LE(offset, 42);
    members.push(local, Buffer.from(name), packed);
    directory.push(central, Buffer.from(name));
    offset += local.length + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(names.length, 8);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...members, list, end]);
}

/** A billion of the word "ha", were it expanded. */
const LAUGHS = `<!DOCTYPE x [<!ENTITY a0 "ha">${Array.from({ length: 9 }, (_, index) => `<!ENTITY a${index + 1} "${`&a${index};`.repeat(10)}">`).join('')}]>`;

function xmlBomb(members: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(zipSync(Object.fromEntries(Object.entries(members).map(([name, text]) => [name, strToU8(text)]))));
}

/** A hundred times as many pages as branches, each with a line of text, in a tree as programs make it. */
function manyPages(branches: number): Buffer {
  const text = 'BT /F 12 Tf 50 700 Td (This page says the same as all the others, and nobody minds.) Tj ET';
  const references = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => `${first + index} 0 R`).join(' ');
  const first = 5 + branches;
  const branch = (index: number) =>
    `<< /Type /Pages /Parent 2 0 R /Count 100 /Kids [${references(first + index * 100, 100)}] >>`;
  const page = (index: number) =>
    `<< /Type /Page /Parent ${5 + Math.floor(index / 100)} 0 R /Contents 4 0 R /Resources << /Font << /F 3 0 R >> >> >>`;
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${branches * 100} /MediaBox [0 0 595 842] /Kids [${references(5, branches)}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    ...Array.from({ length: branches }, (_, index) => branch(index)),
    ...Array.from({ length: branches * 100 }, (_, index) => page(index)),
  ]);
}

/** A page that is a picture of so many pixels, packed to next to nothing. */
function largePicturePdf(side: number): Buffer {
  const png = largePicture(side, side);
  const data = png.subarray(41, png.length - 16).toString('latin1');
  const draw = 'q 595 0 0 842 0 0 cm /I Do Q';
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Count 1 /MediaBox [0 0 595 842] /Kids [3 0 R] >>',
    '<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>',
    `<< /Length ${draw.length} >>\nstream\n${draw}\nendstream`,
    `<< /Type /XObject /Subtype /Image /Width ${side} /Height ${side} /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns ${side} /BitsPerComponent 1 >> /Length ${data.length} >>\nstream\n${data}\nendstream`,
  ]);
}

/** The head of a JPEG, GIF, BMP or TIFF of that size, and nothing after it. */
function pictureHeads(): Record<string, Buffer> {
  const [high, low] = [SIDE >> 8, SIDE & 255];
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, high, low, high, low, 3, 1, 34, 0, 2, 17, 1, 3, 17, 1]);
  const gif = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([low, high, low, high, 0, 0, 0])]);
  const tiff = Buffer.alloc(80);
  tiff.write('II*\u0000', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(2, 8);
  for (const [index, tag] of [256, 257].entries()) {
    tiff.writeUInt16LE(tag, 10 + index * 12);
    tiff.writeUInt16LE(4, 12 + index * 12);
    tiff.writeUInt32LE(1, 14 + index * 12);
    tiff.writeUInt32LE(SIDE, 18 + index * 12);
  }
  const webp = Buffer.alloc(30);
  webp.write('RIFF____WEBPVP8X', 'latin1');
  webp.set([(SIDE - 1) & 255, (SIDE - 1) >> 8, 0, (SIDE - 1) & 255, (SIDE - 1) >> 8, 0], 24);
  const padded = (head: Buffer) => Buffer.concat([head, Buffer.alloc(200)]);
  return { 'large.jpg': padded(jpeg), 'large.gif': padded(gif), 'large.tiff': tiff, 'large.webp': padded(webp) };
}

const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
const TYPES =
  '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>';
const RELATIONS = (target: string) =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${target}"/></Relationships>`;

/** By their names. */
export function bombs(): Record<string, Buffer> {
  const parts = Array.from({ length: 12 }, (_, index) => `word/part${index}.xml`);
  return {
    'bomb.docx': zipBomb(['word/document.xml', ...parts], 48),
    'bomb.epub': zipBomb(['META-INF/container.xml', ...parts], 48),
    'laughs.docx': xmlBomb({
      '[Content_Types].xml': TYPES,
      '_rels/.rels': RELATIONS('word/document.xml'),
      'word/document.xml': `${LAUGHS}<w:document xmlns:w="${WORD}"><w:body><w:p><w:r><w:t>&a9;</w:t></w:r></w:p></w:body></w:document>`,
    }),
    'laughs.odt': xmlBomb({
      mimetype: 'application/vnd.oasis.opendocument.text',
      'content.xml': `${LAUGHS}<office:document-content xmlns:office="o"><office:body><office:text>&a9;</office:text></office:body></office:document-content>`,
    }),
    'laughs.xlsx': xmlBomb({
      '[Content_Types].xml': TYPES,
      '_rels/.rels': RELATIONS('xl/workbook.xml'),
      'xl/workbook.xml': `${LAUGHS}<workbook><sheets><sheet name="&a9;" sheetId="1"/></sheets></workbook>`,
    }),
    'laughs.pptx': xmlBomb({ 'ppt/presentation.xml': `${LAUGHS}<p:presentation xmlns:p="p">&a9;</p:presentation>` }),
    'laughs.epub': xmlBomb({ 'META-INF/container.xml': `${LAUGHS}<container>&a9;</container>` }),
    'laughs.html': Buffer.from(`${LAUGHS}<html><body><p>&a9;</p></body></html>`),
    '10,000 pages.pdf': manyPages(100),
    'large.png': largePicture(SIDE, SIDE),
    'large.pdf': largePicturePdf(SIDE),
    ...pictureHeads(),
  };
}
