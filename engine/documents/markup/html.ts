/** HTML: the article by Mozilla's Readability where there is one, else the whole body. Scripts never run. */
import { Readability } from '@mozilla/readability';
import { type Document, documentOf, type LeftOut } from '../document.ts';
import { paginateMarked, unmarked } from '../marked-headings.ts';
import { decodeText } from '../plain-text.ts';
import { asTitle } from '../titles.ts';
import { markupText } from './markup-text.ts';
import { parseMarkup } from './parse-markup.ts';

const ARTICLE_SHARE = 1 / 3;
const WHOLE_SHARE = 0.9;
/** In a larger page no article is looked for: it would take minutes. */
const MOST_TAGS = 20_000;

export function readHtml(bytes: Uint8Array): Document {
  const { text: markup, notes } = decodeText(bytes, declaredEncoding(bytes));
  const { text, title, leftOut } = articleOf(markup);
  const { pages, headings } = paginateMarked(text);
  return documentOf(pages, {
    title: asTitle(title) ?? headings[0]?.title,
    outline: headings,
    leftOut,
    notes: leftOut.length > 0 ? [...notes, { code: 'article-only' }] : notes,
  });
}

/** As the file's own `<meta>` says. */
function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 2048));
  return /<meta[^>]+charset=["']?\s*([\w-]+)/i.exec(head)?.[1];
}

function articleOf(markup: string): { text: string; title: string; leftOut: LeftOut[] } {
  const document = parseMarkup(markup);
  const body = markupText(markup);
  const title = document.querySelector('title')?.textContent ?? '';
  const article = tagsIn(markup) > MOST_TAGS ? undefined : readabilityOf(document);
  const text = article?.content ? markupText(article.content) : '';
  // Readability is made for news pages; where it finds little, the page is no article and is read whole.
  if (text.length < body.length * ARTICLE_SHARE || text.length > body.length * WHOLE_SHARE) {
    return { text: body, title, leftOut: [] };
  }
  return { text, title: article?.title || title, leftOut: outside(body, text) };
}

/** Undefined where there is none; Readability stumbles over some broken pages, which are read whole then. */
function readabilityOf(document: ReturnType<typeof parseMarkup>) {
  try {
    return document.body ? new Readability(document).parse() : undefined;
  } catch {
    return undefined;
  }
}

function tagsIn(markup: string): number {
  return markup.match(/<[a-z]/gi)?.length ?? 0;
}

/** The lines of the body that the article does not have. */
function outside(body: string, article: string): LeftOut[] {
  const kept = new Set(unmarked(article).split('\n'));
  return unmarked(body)
    .split('\n')
    .filter((line) => !kept.has(line))
    .map((text) => ({ page: 1, at: 'within', text, reason: 'outside the article' }));
}
