/** Pages that are pictures of text, for tests: drawn by a canvas and laid into a PDF without text. */
import { crc32, deflateSync } from 'node:zlib';
import { createCanvas } from '@napi-rs/canvas';
import { makePdf } from './pdf-making.ts';

const [WIDTH, HEIGHT] = [1240, 1754];

/** A4 at 150 dpi. */
export function pictureOf(lines: readonly string[]): Buffer {
  const canvas = createCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = 'black';
  context.font = '34px sans-serif';
  for (const [index, line] of lines.entries()) context.fillText(line, 100, 160 + index * 60);
  return canvas.toBuffer('image/png');
}

/** A page for each list of lines; for undefined a page with text of its own. */
export function makeScan(path: string, pages: readonly (readonly string[] | undefined)[]): Promise<void> {
  const draw = (pdf: PDFKit.PDFDocument) => {
    for (const lines of pages) {
      pdf.addPage({ size: 'A4', margin: 50 });
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
