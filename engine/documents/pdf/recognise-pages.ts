/** Reads the pages of a PDF that are pictures by recognising their words. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { throwIfCancelled } from '../../errors.ts';
import type { LeftOut, Note, ReadOptions } from '../document.ts';
import { toSegments } from '../layout/runs.ts';
import { CERTAIN, LANGUAGES, type RecognisedPage, Recogniser, SECONDS_A_PAGE } from '../recognition/recogniser.ts';
import type { PageContent } from './page-content.ts';
import { legibilityOf, pictureOf } from './page-picture.ts';

/** Pages that are recognised without asking. */
export const MOST_UNASKED = 20;

export interface Recognition {
  /** All pages, those that were recognised with their words. */
  readonly contents: readonly PageContent[];
  readonly recognised: ReadonlyMap<number, RecognisedPage>;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

/** Pages that can't be read stay as they are, and are named in the notes. */
export async function recognisePages(
  pdf: PDFDocumentProxy,
  contents: readonly PageContent[],
  options: ReadOptions,
): Promise<Recognition> {
  const garbled: PageContent[] = [];
  const pictures: PageContent[] = [];
  for (const content of contents) {
    throwIfCancelled(options.signal);
    const legibility = await legibilityOf(pdf, content);
    if (legibility === 'garbled') garbled.push(content);
    else if (legibility === 'picture') pictures.push(content);
  }
  const wanted = [...garbled, ...pictures].sort((a, b) => a.number - b.number);
  const { mostPages = MOST_UNASKED } = options.recognition ?? {};
  if (wanted.length === 0 || wanted.length > mostPages) return notRecognised(contents, garbled, wanted);
  return await recognise(pdf, contents, wanted, new Set(garbled), options);
}

function numbers(pages: readonly PageContent[]): number[] {
  return pages.map(({ number }) => number);
}

function notRecognised(
  contents: readonly PageContent[],
  garbled: readonly PageContent[],
  wanted: readonly PageContent[],
): Recognition {
  const notes: Note[] = [];
  if (garbled.length > 0) notes.push({ code: 'pages-garbled', pages: numbers(garbled) });
  if (wanted.length > 0) {
    notes.push({ code: 'recognition-offered', pages: numbers(wanted), seconds: wanted.length * SECONDS_A_PAGE });
  }
  return { contents, recognised: new Map(), leftOut: [], notes };
}

async function recognise(
  pdf: PDFDocumentProxy,
  contents: readonly PageContent[],
  wanted: readonly PageContent[],
  garbled: ReadonlySet<PageContent>,
  options: ReadOptions,
): Promise<Recognition> {
  const before = contents.length - wanted.length;
  const recognised = new Map<number, RecognisedPage>();
  const read = [...contents];
  const leftOut: LeftOut[] = [];
  const alive = () => options.onProgress?.(before + recognised.size, contents.length);
  const recogniser = new Recogniser({
    language: options.recognition?.language ?? LANGUAGES[0] ?? 'eng',
    signal: options.signal,
    onAlive: alive,
  });
  try {
    for (const content of wanted) {
      throwIfCancelled(options.signal);
      const found = await recogniser.recognise(await pictureOf(pdf, content.number));
      const better = withWords(content, found.runs, garbled.has(content));
      if (!better) continue;
      recognised.set(content.number, { confidence: found.confidence, words: found.words });
      read[content.number - 1] = better.content;
      leftOut.push(...better.leftOut);
      alive();
    }
  } finally {
    await recogniser.close();
  }
  return { contents: read, recognised, leftOut, notes: notesOn(recognised) };
}

type Runs = Parameters<typeof toSegments>[0];

/** The page with the words of its picture, where there are more than it has of its own; its own then are in them. */
function withWords(
  content: PageContent,
  runs: Runs,
  garbled: boolean,
): { content: PageContent; leftOut: LeftOut[] } | undefined {
  const letters = (texts: readonly { readonly text: string }[]) =>
    texts.reduce((sum, { text }) => sum + text.length, 0);
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

function notesOn(recognised: ReadonlyMap<number, RecognisedPage>): Note[] {
  const pages = [...recognised.keys()];
  const uncertain = pages.filter((page) => (recognised.get(page)?.confidence ?? 1) < CERTAIN);
  return [
    ...(pages.length > 0 ? [{ code: 'pages-recognised' as const, pages }] : []),
    ...(uncertain.length > 0 ? [{ code: 'recognition-uncertain' as const, pages: uncertain }] : []),
  ];
}
