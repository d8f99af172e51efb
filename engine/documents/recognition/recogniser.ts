/** Recognises the words in pictures, on this machine: Tesseract's network (tesseract.js), with its data from npm packages. */
import type { Block, Line, Worker } from 'tesseract.js';
import { throwIfCancelled } from '../../errors.ts';
import type { Run } from '../layout/runs.ts';

export interface RecognisedWord {
  readonly text: string;
  /** Left, top, width and height as shares of the page's. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

export interface RecognisedPage {
  /** From 0 to 1, over all words. */
  readonly confidence: number;
  readonly words: readonly RecognisedWord[];
}

/** A picture as a file: PNG, JPEG, TIFF or PGM. */
export interface Picture {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Points on the page for one pixel. */
  readonly scale: number;
}

export interface Recognised extends RecognisedPage {
  readonly runs: readonly Run[];
}

export interface RecogniserOptions {
  /** Tesseract's name of the language: "eng", "deu". */
  readonly language: string;
  readonly signal?: AbortSignal | undefined;
  /** Called while a page is worked on, so that it is seen not to hang. */
  readonly onAlive?: (() => void) | undefined;
}

/** Languages whose data comes along. */
export const LANGUAGES: readonly string[] = ['eng'];
/** About how long a page takes, in seconds, on one core of a laptop. */
export const SECONDS_A_PAGE = 3;
/** Below it a page's words are said to be uncertain. */
export const CERTAIN = 0.8;

export class Recogniser {
  readonly #options: RecogniserOptions;
  #worker: Promise<Worker> | undefined;

  constructor(options: RecogniserOptions) {
    this.#options = options;
  }

  /** Rejects with `cancelled`, or with what the picture's decoder says. */
  async recognise(picture: Picture): Promise<Recognised> {
    const { signal } = this.#options;
    throwIfCancelled(signal);
    this.#worker ??= this.#start();
    const worker = await this.#worker;
    const cancelled = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    cancelled.catch(() => {});
    const work = worker.recognize(
      Buffer.from(picture.bytes.buffer, picture.bytes.byteOffset, picture.bytes.byteLength),
      {},
      { text: false, blocks: true },
    );
    const { data } = await Promise.race([work, cancelled]).catch((cause: unknown) => {
      throwIfCancelled(signal);
      throw cause instanceof Error ? cause : new Error(String(cause));
    });
    return recognisedOf(data.blocks ?? [], picture);
  }

  async close(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.terminate();
  }

  async #start(): Promise<Worker> {
    const { createWorker, OEM } = await import('tesseract.js');
    const { language } = this.#options;
    return createWorker(language, OEM.LSTM_ONLY, {
      langPath: languageFolder(language),
      cacheMethod: 'none',
      errorHandler: () => {},
      logger: () => this.#options.onAlive?.(),
    });
  }
}

/** Path of the folder with a language's data, in the language's npm package. */
function languageFolder(language: string): string {
  if (!/^[a-z_]{3,12}$/i.test(language)) throw new RangeError(`${language} is no language's name`);
  const folder = new URL('4.0.0_best_int', import.meta.resolve(`@tesseract.js-data/${language}/package.json`));
  return decodeURIComponent(folder.pathname).replace(/^\/(?=[A-Za-z]:)/, '');
}

function recognisedOf(blocks: readonly Block[], picture: Picture): Recognised {
  const lines = blocks.flatMap(({ paragraphs }) => paragraphs.flatMap((paragraph) => paragraph.lines));
  const angle = angleOf(lines);
  const words = lines.flatMap((line) => line.words.filter(isWord).map((word) => ({ line, word })));
  const letters = words.reduce((sum, { word }) => sum + word.text.length, 0);
  const sum = words.reduce((total, { word }) => total + word.confidence * word.text.length, 0);
  return {
    confidence: letters === 0 ? 0 : sum / letters / 100,
    words: words.map(({ word: { text, bbox } }) => ({
      text,
      box: [
        bbox.x0 / picture.width,
        bbox.y0 / picture.height,
        (bbox.x1 - bbox.x0) / picture.width,
        (bbox.y1 - bbox.y0) / picture.height,
      ],
    })),
    runs: words.map(({ line, word }, order) => runOf(line, word, order, angle, picture.scale)),
  };
}

/** Rules and specks are recognised as bars and dashes. */
function isWord({ text, confidence }: { text: string; confidence: number }): boolean {
  return /[\p{L}\p{N}]/u.test(text) || (confidence > 50 && !/^[|_\-—~=.:'"‘’,;\s]*$/.test(text)) || /^[•-]$/.test(text);
}

/** How far the page lies askew: the lines' median angle, in radians. */
function angleOf(lines: readonly Line[]): number {
  const angles = lines
    .filter(({ baseline }) => baseline.x1 - baseline.x0 > 100)
    .map(({ baseline: { x0, y0, x1, y1 } }) => Math.atan2(y1 - y0, x1 - x0))
    .sort((a, b) => a - b);
  return angles[Math.floor(angles.length / 2)] ?? 0;
}

/** A word as if it had been drawn, on a page laid straight. */
function runOf(line: Line, word: Line['words'][number], order: number, angle: number, scale: number): Run {
  const { x0, y0, x1, y1 } = line.baseline;
  const slope = x1 === x0 ? 0 : (y1 - y0) / (x1 - x0);
  const x = word.bbox.x0;
  const y = y0 + slope * (x - x0);
  const straight = { x: x * Math.cos(angle) + y * Math.sin(angle), y: y * Math.cos(angle) - x * Math.sin(angle) };
  return {
    // Words are known to be words, however close they stand.
    text: `${word.text} `,
    x: straight.x * scale,
    y: straight.y * scale,
    width: (word.bbox.x1 - word.bbox.x0) * scale,
    height: letterHeight(line) * scale,
    rightToLeft: false,
    order,
    mark: undefined,
  };
}

/** A line's box, less what its slope adds to it. */
function letterHeight({ bbox, baseline }: Line): number {
  return Math.max(1, bbox.y1 - bbox.y0 - Math.abs(baseline.y1 - baseline.y0)) * 0.95;
}
