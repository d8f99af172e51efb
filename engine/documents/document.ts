/** What every reader of a format gives: pages with their text, what was left out of them, and what could not be read. */
import type { RecognisedPage } from './recognition/recogniser.ts';

export interface Page {
  /** As the document counts, from 1. */
  readonly number: number;
  /** As the document itself calls the page ("iv", "A-3"), where that differs from its number. */
  readonly label?: string;
  readonly text: string;
  /** Where the words were recognised in a picture of the page. */
  readonly recognised?: RecognisedPage;
}

export interface Heading {
  readonly title: string;
  readonly page: number;
  /** 1 for a chapter, 2 for what is within it. */
  readonly level: number;
}

/** Text that the file has and the pages don't. */
export interface LeftOut {
  readonly page: number;
  /** Where on the page it stood. */
  readonly at: 'top' | 'bottom' | 'within';
  readonly text: string;
  readonly reason: 'running title' | 'page number' | 'drawn twice' | 'outside the article' | 'garbled';
}

/** What a reader should know of how the document was read, as data; `words/note-words.ts` says it. */
export type Note =
  | { readonly code: 'pages-damaged'; readonly pages: readonly number[] }
  | { readonly code: 'pages-without-text'; readonly pages: readonly number[] }
  | { readonly code: 'pages-garbled'; readonly pages: readonly number[] }
  | { readonly code: 'pages-recognised'; readonly pages: readonly number[]; readonly language: string }
  /** Pages whose words were recognised with a low confidence. */
  | { readonly code: 'recognition-uncertain'; readonly pages: readonly number[] }
  /** Pages that could be recognised, and about how long it takes. */
  | { readonly code: 'recognition-offered'; readonly pages: readonly number[]; readonly seconds: number }
  | { readonly code: 'pictures-too-large'; readonly pages: readonly number[] }
  | { readonly code: 'encoding-guessed'; readonly encoding: string }
  | { readonly code: 'pictures-left-out'; readonly count: number }
  | { readonly code: 'article-only' }
  | { readonly code: 'attachments-left-out'; readonly names: readonly string[] }
  | { readonly code: 'parts-damaged'; readonly parts: readonly string[] }
  /** Only a part of a very long document was read. */
  | {
      readonly code: 'read-partly';
      readonly what: 'pages' | 'rows' | 'bytes';
      readonly read: number;
      readonly of: number;
    };

export interface Document {
  readonly title: string | undefined;
  readonly pages: readonly Page[];
  readonly outline: readonly Heading[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

export interface ReadOptions {
  readonly password?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly recognition?: RecognitionOptions | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Awaited between pages: resolves as soon as reading isn't paused. */
  readonly whenResumed?: (() => Promise<void>) | undefined;
}

/** How far it is: taking pages out of the file, looking which are scans, recognising those. */
export interface Progress {
  readonly stage: 'reading' | 'looking' | 'recognising';
  /** Pages, and of how many. */
  readonly done: number;
  readonly total: number;
  /** While recognising, once it is known. */
  readonly secondsLeft?: number;
}

/** How pages that are pictures of text are read. */
export interface RecognitionOptions {
  /** One of `recognition/languages.ts`; English where there is none. */
  readonly language?: string | undefined;
  /** Documents with more such pages are read without them, and it is said how long they would take; 0 recognises none. */
  readonly mostPages?: number | undefined;
}

/** A document with the given pages and nothing else to say. */
export function documentOf(pages: readonly Page[], more: Partial<Document> = {}): Document {
  return { title: undefined, outline: [], leftOut: [], notes: [], ...more, pages };
}

/** The pages with everything that was left out of them put back where it stood: above, below, or after the rest. */
export function withLeftOut({ pages, leftOut }: Pick<Document, 'pages' | 'leftOut'>): Page[] {
  return pages.map((page) => {
    const own = leftOut.filter((each) => each.page === page.number);
    const texts = (at: LeftOut['at']) => own.filter((each) => each.at === at).map(({ text }) => text);
    const lines = [...texts('top'), page.text, ...texts('within'), ...texts('bottom')];
    return { ...page, text: lines.filter(Boolean).join('\n') };
  });
}
