/** Pictures of text: PNG, JPEG, WebP, GIF and TIFF, by recognising their words. */
import { firstLineOf, ProximaError } from '../../errors.ts';
import { type Document, documentOf, type Note, type ReadOptions } from '../document.ts';
import { toSegments } from '../layout/runs.ts';
import { composePages } from '../pdf/compose-pages.ts';
import { greyOf, portableGreyMap, wipeRules } from './grey-map.ts';
import { isLanguage, USUAL_LANGUAGE } from './languages.ts';
import { CERTAIN, type Picture, Recogniser } from './recogniser.ts';

const MOST_PIXELS = 100_000_000;
/** Pixels that a picture of a page has across at about 300 dpi. */
const WIDE_ENOUGH = 2000;
const LARGEST_SCALE = 3;

export async function readPicture(bytes: Uint8Array, options: ReadOptions = {}): Promise<Document> {
  const size = sizeOf(bytes);
  if (size && size.width * size.height > MOST_PIXELS) {
    throw new ProximaError('document-damaged', {
      name: 'The picture',
      reason: `it has ${size.width} × ${size.height} pixels`,
    });
  }
  const onAlive = () => options.onProgress?.({ stage: 'recognising', done: 0, total: 1 });
  const { language: name = USUAL_LANGUAGE } = options.recognition ?? {};
  const language = isLanguage(name) ? name : USUAL_LANGUAGE;
  const recogniser = new Recogniser({ language, signal: options.signal, onAlive });
  try {
    const { runs, ...recognised } = await recogniser.recognise(await decode(bytes, size));
    const content = {
      number: 1,
      segments: toSegments(runs),
      turned: [],
      tree: undefined,
      repeated: [],
      lines: [],
      comments: [],
      damaged: false,
    };
    const pages = composePages([content], []).pages.map((page) => ({ ...page, recognised }));
    const notes: Note[] = [{ code: 'pages-recognised', pages: [1], language }];
    if (recognised.confidence < CERTAIN) notes.push({ code: 'recognition-uncertain', pages: [1] });
    const frames = isTiff(bytes) ? tiffFrames(bytes) : 1;
    if (frames > 1) notes.push({ code: 'read-partly', what: 'pages', read: 1, of: frames });
    return documentOf(pages, { notes });
  } catch (cause) {
    if (cause instanceof ProximaError) throw cause;
    throw new ProximaError('document-damaged', { name: 'The picture', reason: firstLineOf(cause) });
  } finally {
    await recogniser.close();
  }
}

/** TIFF goes to Tesseract's own decoder, all others to the canvas's, which makes them wide enough. */
async function decode(bytes: Uint8Array, size: Size | undefined): Promise<Picture> {
  if (isTiff(bytes)) return { bytes, width: size?.width ?? 1, height: size?.height ?? 1, scale: 0.24 };
  const { createCanvas, loadImage } = await import('@napi-rs/canvas');
  const image = await loadImage(bytes);
  if (image.width * image.height > MOST_PIXELS) throw new RangeError('it is too large');
  const factor = Math.min(LARGEST_SCALE, Math.max(1, WIDE_ENOUGH / Math.max(1, image.width)));
  const [width, height] = [Math.ceil(image.width * factor), Math.ceil(image.height * factor)];
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0, width, height);
  const grey = greyOf(context.getImageData(0, 0, width, height).data, width, height);
  wipeRules(grey);
  return { bytes: portableGreyMap(grey), width, height, scale: 0.24 };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Width and height as the file's head says, before anything is decoded. */
function sizeOf(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 30) return undefined;
  if (view.getUint32(0) === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (view.getUint16(0) === 0xffd8) return jpegSize(view);
  if (isTiff(bytes)) return tiffSize(view);
  if (view.getUint32(0) === 0x47494638) return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (view.getUint32(8) === 0x57454250) return webpSize(view);
  return undefined;
}

/** Of the extended, the lossless or the lossy kind (RFC 9649, 2.5 to 2.7). */
function webpSize(view: DataView): Size | undefined {
  const kind = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + 12, 4));
  const bits = view.getUint32(21, true);
  const small = (at: number) => view.getUint16(at, true) & 0x3fff;
  const large = (at: number) => (view.getUint16(at, true) | (view.getUint8(at + 2) << 16)) + 1;
  if (kind === 'VP8X') return { width: large(24), height: large(27) };
  if (kind === 'VP8L') return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  return kind === 'VP8 ' ? { width: small(26), height: small(28) } : undefined;
}

/** In the first of JPEG's frame headers (ITU T.81, B.2.2). */
function jpegSize(view: DataView): Size | undefined {
  let at = 2;
  while (at + 9 < view.byteLength) {
    const marker = view.getUint16(at);
    const frame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (frame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + Math.max(1, view.getUint16(at + 2));
  }
  return undefined;
}

function isTiff(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, 4));
  return head === 'II*\u0000' || head === 'MM\u0000*';
}

const WIDTH = 256;
const LENGTH = 257;
const MOST_FRAMES = 10_000;

/** TIFF 6.0, section 2: directories of twelve-byte entries, each with the place of the next. */
function* directories(view: DataView): Generator<ReadonlyMap<number, number>> {
  const little = view.getUint8(0) === 0x49;
  let at = view.getUint32(4, little);
  for (let frame = 0; frame < MOST_FRAMES && at > 0 && at + 2 <= view.byteLength; frame++) {
    const entries = new Map<number, number>();
    const count = view.getUint16(at, little);
    if (at + 6 + count * 12 > view.byteLength) return;
    for (let entry = at + 2; entry < at + 2 + count * 12; entry += 12) {
      const short = view.getUint16(entry + 2, little) === 3;
      entries.set(
        view.getUint16(entry, little),
        short ? view.getUint16(entry + 8, little) : view.getUint32(entry + 8, little),
      );
    }
    yield entries;
    at = view.getUint32(at + 2 + count * 12, little);
  }
}

function tiffSize(view: DataView): Size | undefined {
  for (const entries of directories(view)) return { width: entries.get(WIDTH) ?? 0, height: entries.get(LENGTH) ?? 0 };
  return undefined;
}

function tiffFrames(bytes: Uint8Array): number {
  return [...directories(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))].length;
}
