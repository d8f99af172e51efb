/** Pages that are pictures of text, for tests: drawn by a canvas and laid into a PDF without text. */
import { crc32, deflateSync } from 'node:zlib';
import { type Canvas, createCanvas } from '@napi-rs/canvas';
import { makePdf } from './pdf-making.ts';

const [WIDTH, HEIGHT] = [1240, 1754];

/** A4 at 150 dpi. */
export function pictureOf(lines: readonly string[]): Buffer {
  return drawn(lines).toBuffer('image/png');
}

function drawn(lines: readonly string[]): Canvas {
  const canvas = createCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = 'black';
  context.font = '34px sans-serif';
  for (const [index, line] of lines.entries()) context.fillText(line, 100, 160 + index * 60);
  return canvas;
}

/** A TIFF of as many pictures, grey and unpacked, as fax machines and scanners make them for a document of several pages. */
export function tiffOf(pages: readonly (readonly string[])[], height = 400): Buffer {
  const head = Buffer.from('II*\u0000\u0008\u0000\u0000\u0000', 'latin1');
  const parts: Buffer[] = [head];
  let offset = head.length;
  for (const [index, lines] of pages.entries()) {
    const { data } = drawn(lines).getContext('2d').getImageData(0, 0, WIDTH, height);
    const pixels = Buffer.from(Array.from({ length: WIDTH * height }, (_, pixel) => data[pixel * 4] ?? 255));
    const directory = tiffDirectory(offset, height);
    offset += directory.length + pixels.length;
    directory.writeUInt32LE(index < pages.length - 1 ? offset : 0, directory.length - 4);
    parts.push(directory, pixels);
  }
  return Buffer.concat(parts);
}

/** Of a picture whose pixels follow it. */
function tiffDirectory(offset: number, height: number): Buffer {
  const entries = [
    [256, WIDTH],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, offset + 2 + 9 * 12 + 4],
    [277, 1],
    [278, height],
    [279, WIDTH * height],
  ];
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length, 0);
  for (const [entry, [tag = 0, value = 0]] of entries.entries()) {
    directory.writeUInt16LE(tag, 2 + entry * 12);
    directory.writeUInt16LE(4, 4 + entry * 12);
    directory.writeUInt32LE(1, 6 + entry * 12);
    directory.writeUInt32LE(value, 10 + entry * 12);
  }
  return directory;
}

/**
 * A page for each list of lines; for undefined a page with text of its own. `height` is that of the pages, in points: of less than
 * a whole one as much is recognised, and sooner.
 */
export function makeScan(path: string, pages: readonly (readonly string[] | undefined)[], height = 842): Promise<void> {
  const draw = (pdf: PDFKit.PDFDocument) => {
    for (const lines of pages) {
      pdf.addPage({ size: [595, height], margin: 50 });
      if (lines) pdf.image(pictureOf(lines), 0, 0, { width: 595 });
      else pdf.text('This page has text of its own, and the letters of it are enough to be read. '.repeat(5));
    }
  };
  return makePdf(path, draw, { autoFirstPage: false });
}

/** A black picture of a bit a pixel: small as a file, and as large as is asked when it is decoded. */
export function largePicture(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const row = Buffer.alloc(Math.ceil(width / 8) + 1);
  const data = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
