/** Recognises the words in pictures, on this machine: Tesseract's network (tesseract.js), with its data from npm packages. */
import type { Block, Line, Worker } from 'tesseract.js';
import { ProximaError, throwIfCancelled } from '../../errors.ts';
import type { Run } from '../layout/runs.ts';
import type { Language } from './languages.ts';

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
  readonly language: Language;
  readonly signal?: AbortSignal | undefined;
  /** Called while a page is worked on, so that it is seen not to hang. */
  readonly onAlive?: (() => void) | undefined;
}

/** About how long a page takes, in seconds, on one core of a laptop. */
export const SECONDS_A_PAGE = 3;
/** While Tesseract loads or looks for lines it says nothing. A sign of life in its place, so often and at most so long, in milliseconds. */
const SIGN_EVERY = 2_000;
const LONGEST_SILENCE = 120_000;
/** Below it a page's words are said to be uncertain. */
export const CERTAIN = 0.8;

export class Recogniser {
  readonly #options: RecogniserOptions;
  #worker: Promise<Worker> | undefined;
  /** When Tesseract last said something. */
  #heard = 0;

  constructor(options: RecogniserOptions) {
    this.#options = options;
  }

  /** Resolves when the network is loaded. */
  async ready(): Promise<void> {
    await this.#alive(() => this.#loaded());
  }

  /** Rejects with `cancelled`, or with what the picture's decoder says. */
  async recognise(picture: Picture): Promise<Recognised> {
    const bytes = Buffer.from(picture.bytes.buffer, picture.bytes.byteOffset, picture.bytes.byteLength);
    const { data } = await this.#alive(async () => {
      const worker = await this.#loaded();
      return worker.recognize(bytes, {}, { text: false, blocks: true });
    });
    return recognisedOf(data.blocks ?? [], picture);
  }

  #loaded(): Promise<Worker> {
    this.#worker ??= this.#start();
    return this.#worker;
  }

  /** Does a step of the work, and gives signs of life meanwhile as long as Tesseract does something. */
  async #alive<Result>(step: () => Promise<Result>): Promise<Result> {
    const { signal, onAlive } = this.#options;
    throwIfCancelled(signal);
    this.#heard = performance.now();
    const signs = setInterval(() => {
      if (performance.now() - this.#heard < LONGEST_SILENCE) onAlive?.();
    }, SIGN_EVERY);
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const cancel = () => reject(new ProximaError('cancelled'));
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await Promise.race([step(), cancelled]);
    } catch (cause) {
      throw cause instanceof Error ? cause : new Error(String(cause));
    } finally {
      clearInterval(signs);
      signal?.removeEventListener('abort', cancel);
    }
  }

  async close(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.terminate();
  }

  async #start(): Promise<Worker> {
    const { createWorker, OEM } = await import('tesseract.js');
    const { language } = this.#options;
    return createWorker(language, OEM.LSTM_ONLY, {
      langPath: packagePath(`@tesseract.js-data/${language}`, '4.0.0_best_int'),
      workerPath: packagePath('tesseract.js', 'src/worker-script/node/index.js'),
      cacheMethod: 'none',
      errorHandler: () => {},
      logger: () => {
        this.#heard = performance.now();
        this.#options.onAlive?.();
      },
    });
  }
}

/** Path of a file of an npm package. In the packed app it lies beside the archive: Tesseract's thread can't look into that. */
function packagePath(name: string, file: string): string {
  const url = new URL(file, import.meta.resolve(`${name}/package.json`));
  const path = decodeURIComponent(url.pathname).replace(/^\/(?=[A-Za-z]:)/, '');
  return path.replace(/\/app\.asar(?=\/)/, '/app.asar.unpacked');
}

function recognisedOf(blocks: readonly Block[], picture: Picture): Recognised {
  const lines = blocks.flatMap(({ paragraphs }) => paragraphs.flatMap((paragraph) => paragraph.lines));
  const angle = angleOf(lines);
  const usual = median(lines.map(letterHeight));
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
    runs: words.map(({ line, word }, order) =>
      runOf(line, word, { order, angle, scale: picture.scale, height: heightOf(line, usual) }),
    ),
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
interface Laid {
  readonly order: number;
  readonly angle: number;
  readonly scale: number;
  readonly height: number;
}

function runOf(line: Line, word: Line['words'][number], { order, angle, scale, height }: Laid): Run {
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
    height: height * scale,
    rightToLeft: false,
    order,
    mark: undefined,
  };
}

/** Lines of one size differ by which letters they happen to have: without a g or an h a line's box is lower. */
const SAME_SIZE = 0.3;

function heightOf(line: Line, usual: number): number {
  const own = letterHeight(line);
  return Math.abs(own - usual) < usual * SAME_SIZE ? usual : own;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** A line's box, less what its slope adds to it. */
function letterHeight({ bbox, baseline }: Line): number {
  return Math.max(1, bbox.y1 - bbox.y0 - Math.abs(baseline.y1 - baseline.y0)) * 0.95;
}
