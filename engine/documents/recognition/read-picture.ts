/** Pictures of text: PNG, JPEG, WebP, GIF and TIFF, by recognising their words. */
import { firstLineOf, ProximaError } from '../../errors.ts';
import { type Document, documentOf, type Note, type ReadOptions } from '../document.ts';
import { toSegments } from '../layout/runs.ts';
import { composePages } from '../pdf/compose-pages.ts';
import { emptyContent, type PageContent } from '../pdf/page-content.ts';
import { MOST_UNASKED, notesOn } from '../pdf/recognise-pages.ts';
import { greyOf, portableGreyMap, wipeRules } from './grey-map.ts';
import { isLanguage, type Language, USUAL_LANGUAGE } from './languages.ts';
import { type Picture, type Recognised, type RecognisedPage, Recogniser, SECONDS_A_PAGE } from './recogniser.ts';
import { beginWith, type Frame, isTiff, tiffFrames } from './tiff.ts';

const MOST_PIXELS = 100_000_000;
/** Pixels that a picture of a page has across at about 300 dpi. */
const WIDE_ENOUGH = 2000;
const LARGEST_SCALE = 3;

/** Pictures without a word that is recognised have pages without text. */
export async function readPicture(bytes: Uint8Array, options: ReadOptions = {}): Promise<Document> {
  const frames: readonly (Frame | undefined)[] = isTiff(bytes) ? tiffFrames(bytes) : [undefined];
  if (frames.length === 0) throw damaged('it has no picture');
  const size = frames[0] ?? sizeOf(bytes);
  if (frames.length < 2 && size && isTooLarge(size)) {
    throw damaged(`it has ${size.width} × ${size.height} pixels`);
  }
  const numbers = frames.map((_, index) => index + 1);
  const { mostPages = MOST_UNASKED } = options.recognition ?? {};
  // A single picture is what its reader wants to have read.
  if (frames.length > Math.max(1, mostPages)) {
    const seconds = SECONDS_A_PAGE * frames.length;
    const pages = numbers.map((number) => ({ number, text: '' }));
    return documentOf(pages, { notes: [{ code: 'recognition-offered', pages: numbers, seconds }] });
  }
  const run = new Frames(bytes, options);
  try {
    return await run.read(frames);
  } catch (cause) {
    if (cause instanceof ProximaError) throw cause;
    throw damaged(firstLineOf(cause));
  } finally {
    await run.close();
  }
}

function damaged(reason: string): ProximaError {
  return new ProximaError('document-damaged', { name: 'The picture', reason });
}

function isTooLarge({ width, height }: Size): boolean {
  return width * height > MOST_PIXELS;
}

/** The pictures of one file, a page each. */
class Frames {
  readonly #bytes: Uint8Array;
  readonly #options: ReadOptions;
  readonly #language: Language;
  readonly #recogniser: Recogniser;
  #done = 0;
  #total = 1;

  constructor(bytes: Uint8Array, options: ReadOptions) {
    const { language = USUAL_LANGUAGE } = options.recognition ?? {};
    this.#bytes = bytes;
    this.#options = options;
    this.#language = isLanguage(language) ? language : USUAL_LANGUAGE;
    this.#recogniser = new Recogniser({
      language: this.#language,
      signal: options.signal,
      onAlive: () => this.#tell(),
    });
  }

  close(): Promise<void> {
    return this.#recogniser.close();
  }

  async read(frames: readonly (Frame | undefined)[]): Promise<Document> {
    this.#total = frames.length;
    const contents: PageContent[] = [];
    const recognised = new Map<number, RecognisedPage>();
    const [tooLarge, broken]: [number[], number[]] = [[], []];
    for (const [index, frame] of frames.entries()) {
      await this.#options.whenResumed?.();
      const number = index + 1;
      const large = frame !== undefined && isTooLarge(frame);
      const found = large ? undefined : await this.#recognise(frame).catch(unlessOneOf(frames));
      if (large) tooLarge.push(number);
      else if (!found) broken.push(number);
      contents.push({ ...emptyContent(number), segments: toSegments(found?.runs ?? []) });
      if (found) recognised.set(number, { confidence: found.confidence, words: found.words });
      this.#done += 1;
      this.#tell();
    }
    const composed = composePages(contents, []);
    const pages = composed.pages.map((page) => {
      const own = recognised.get(page.number);
      return own ? { ...page, recognised: own } : page;
    });
    const notes: Note[] = broken.length > 0 ? [{ code: 'pages-damaged', pages: broken }] : [];
    return documentOf(pages, {
      outline: composed.headings,
      leftOut: composed.leftOut,
      notes: [...notes, ...notesOn(recognised, tooLarge, this.#language)],
    });
  }

  async #recognise(frame: Frame | undefined): Promise<Recognised> {
    return this.#recogniser.recognise(await decode(this.#bytes, frame));
  }

  #tell(): void {
    this.#options.onProgress?.({ stage: 'recognising', done: this.#done, total: this.#total });
  }
}

/** One picture of several that can't be decoded must not keep the others from being read. */
function unlessOneOf(frames: readonly unknown[]): (cause: unknown) => undefined {
  return (cause) => {
    if (frames.length === 1 || (cause instanceof ProximaError && cause.code === 'cancelled')) throw cause;
    return undefined;
  };
}

/** TIFF goes to Tesseract's own decoder, all others to the canvas's, which makes them wide enough. */
async function decode(bytes: Uint8Array, frame: Frame | undefined): Promise<Picture> {
  if (frame) {
    const [width, height] = [frame.width || 1, frame.height || 1];
    return { bytes: beginWith(bytes, frame), width, height, scale: 0.24 };
  }
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
