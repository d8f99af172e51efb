/** Reads the pages of a PDF that are pictures by recognising their words. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { ProximaError, throwIfCancelled } from '../../errors.ts';
import type { LeftOut, Note, ReadOptions } from '../document.ts';
import { toSegments } from '../layout/runs.ts';
import { isLanguage, type Language, USUAL_LANGUAGE } from '../recognition/languages.ts';
import { CERTAIN, type RecognisedPage, Recogniser, SECONDS_A_PAGE } from '../recognition/recogniser.ts';
import type { PageContent } from './page-content.ts';
import { lacksPicture, legibilityOf } from './page-looks.ts';
import { pictureOf } from './page-picture.ts';

/** Pages that are recognised without asking: about a minute. */
export const MOST_UNASKED = 20;

export interface Recognition {
  /** All pages, those that were recognised with their words. */
  readonly contents: readonly PageContent[];
  readonly recognised: ReadonlyMap<number, RecognisedPage>;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

/** Pages that are to be recognised. */
export interface Wanted {
  readonly pages: readonly PageContent[];
  /** Those of them that have text without meaning. */
  readonly garbled: ReadonlySet<PageContent>;
}

/** Which pages are pictures of text, or have none but garbage. `pdf` was opened without pictures. */
export async function pagesToRecognise(
  pdf: PDFDocumentProxy,
  contents: readonly PageContent[],
  { signal, onProgress }: ReadOptions,
): Promise<Wanted> {
  const pages: PageContent[] = [];
  const garbled = new Set<PageContent>();
  for (const [index, content] of contents.entries()) {
    throwIfCancelled(signal);
    const legibility = await legibilityOf(pdf, content);
    if (legibility === 'garbled') garbled.add(content);
    if (legibility === 'garbled' || legibility === 'picture') pages.push(content);
    onProgress?.({ stage: 'looking', done: index + 1, total: contents.length });
  }
  return { pages, garbled };
}

/** Pages that can't be read stay as they are, and are named in the notes. `pdf` was opened with its pictures. */
export async function recognisePages(
  pdf: PDFDocumentProxy,
  contents: readonly PageContent[],
  wanted: Wanted,
  options: ReadOptions,
): Promise<Recognition> {
  const { language = USUAL_LANGUAGE, mostPages = MOST_UNASKED } = options.recognition ?? {};
  const run = new Run(pdf, wanted, options, isLanguage(language) ? language : USUAL_LANGUAGE);
  try {
    if (wanted.pages.length <= mostPages) return await run.all(contents);
    const seconds = mostPages === 0 ? SECONDS_A_PAGE : await run.secondsOfOne();
    return notRecognised(contents, wanted, Math.ceil(seconds * wanted.pages.length));
  } finally {
    await run.close();
  }
}

function numbers(pages: Iterable<PageContent>): number[] {
  return [...pages].map(({ number }) => number);
}

function notRecognised(contents: readonly PageContent[], { pages, garbled }: Wanted, seconds: number): Recognition {
  const notes: Note[] = [{ code: 'recognition-offered', pages: numbers(pages), seconds }];
  if (garbled.size > 0) notes.unshift({ code: 'pages-garbled', pages: numbers(garbled) });
  return { contents, recognised: new Map(), leftOut: [], notes };
}

/** Recognising some pages of one PDF. */
class Run {
  readonly #pdf: PDFDocumentProxy;
  readonly #wanted: Wanted;
  readonly #options: ReadOptions;
  readonly #recogniser: Recogniser;
  readonly #language: Language;
  /** Pages that were looked at, and the time that it took. */
  #done = 0;
  #seconds = 0;

  constructor(pdf: PDFDocumentProxy, wanted: Wanted, options: ReadOptions, language: Language) {
    this.#pdf = pdf;
    this.#wanted = wanted;
    this.#options = options;
    this.#language = language;
    this.#recogniser = new Recogniser({ language, signal: options.signal, onAlive: () => this.#tell() });
  }

  close(): Promise<void> {
    return this.#recogniser.close();
  }

  /** How long one of the pages takes on this machine, tried on the one in the middle. */
  async secondsOfOne(): Promise<number> {
    const { pages } = this.#wanted;
    const page = pages[pages.length >> 1];
    if (!page) return SECONDS_A_PAGE;
    await this.#recogniser.ready();
    const started = performance.now();
    const taken = await this.#recognise(page.number).catch(unlessCancelled);
    return taken ? (performance.now() - started) / 1000 : SECONDS_A_PAGE;
  }

  async all(contents: readonly PageContent[]): Promise<Recognition> {
    const recognised = new Map<number, RecognisedPage>();
    const read = [...contents];
    const leftOut: LeftOut[] = [];
    const tooLarge: number[] = [];
    for (const content of this.#wanted.pages) {
      await this.#options.whenResumed?.();
      const started = performance.now();
      const found = await this.#recognise(content.number).catch(unlessCancelled);
      const better = found && withWords(content, found.runs, this.#wanted.garbled.has(content));
      if (better) {
        recognised.set(content.number, { confidence: found.confidence, words: found.words });
        read[content.number - 1] = better.content;
        leftOut.push(...better.leftOut);
      } else if (await lacksPicture(this.#pdf, content.number)) tooLarge.push(content.number);
      this.#seconds += (performance.now() - started) / 1000;
      this.#done += 1;
      this.#tell();
    }
    return { contents: read, recognised, leftOut, notes: notesOn(recognised, tooLarge, this.#language) };
  }

  async #recognise(number: number) {
    throwIfCancelled(this.#options.signal);
    this.#tell();
    const picture = await pictureOf(this.#pdf, number);
    this.#tell();
    return this.#recogniser.recognise(picture);
  }

  #tell(): void {
    const [done, total] = [this.#done, this.#wanted.pages.length];
    const left = done > 0 ? { secondsLeft: (this.#seconds / done) * (total - done) } : {};
    this.#options.onProgress?.({ stage: 'recognising', done, total, ...left });
  }
}

/** A page that can't be drawn or recognised must not keep the others from it. */
function unlessCancelled(cause: unknown): undefined {
  if (cause instanceof ProximaError && cause.code === 'cancelled') throw cause;
}

type Runs = Parameters<typeof toSegments>[0];

/** The page with the words of its picture, where there are more than it has of its own; its own then are in them. */
function withWords(
  content: PageContent,
  runs: Runs,
  garbled: boolean,
): { content: PageContent; leftOut: LeftOut[] } | undefined {
  const letters = (texts: readonly { readonly text: string }[]) =>
    texts.reduce((sum, { text }) => sum + text.replace(/\s/g, '').length, 0);
  if (runs.length === 0 || (!garbled && letters(runs) <= letters(content.segments))) return undefined;
  const own = content.segments.map(({ text }) => text).filter((text) => garbled || !contains(runs, text));
  return {
    content: { ...content, segments: toSegments(runs), turned: [], tree: undefined },
    leftOut: own.map((text) => ({ page: content.number, at: 'within', text, reason: 'garbled' })),
  };
}

function contains(runs: Runs, text: string): boolean {
  const plain = (words: string) => words.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
  return plain(runs.map((run) => run.text).join('')).includes(plain(text));
}

/** What is to be said of pages that were recognised, and of those whose pictures are too large for it. */
export function notesOn(
  recognised: ReadonlyMap<number, RecognisedPage>,
  tooLarge: readonly number[],
  language: Language,
): Note[] {
  const pages = [...recognised.keys()];
  const uncertain = pages.filter((page) => (recognised.get(page)?.confidence ?? 1) < CERTAIN);
  return [
    ...(pages.length > 0 ? [{ code: 'pages-recognised' as const, pages, language }] : []),
    ...(uncertain.length > 0 ? [{ code: 'recognition-uncertain' as const, pages: uncertain }] : []),
    ...(tooLarge.length > 0 ? [{ code: 'pictures-too-large' as const, pages: tooLarge }] : []),
  ];
}
