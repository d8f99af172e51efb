/** Evaluation documents: prose that the reader was not trained on, with facts planted at known depths. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '../../engine/documents/document.ts';
import { seededRandom } from '../../engine/generate/sampling.ts';
import type { Tokenizer } from '../../engine/model/tokenizer.ts';

const ROOT = join(import.meta.dirname, '../..');
const BOOK = join(ROOT, '../shared/corpus/katrine.txt');
const PAGE_TOKENS = 350;

export interface PlantedFact {
  /** What states it, in the order of the document; of a corrected fact only the last one is true. */
  readonly sentences: readonly string[];
  readonly question: string;
  readonly answer: string;
  readonly kinds: readonly string[];
  /** Kind of value: "person", "date", … */
  readonly value: string;
}

/** The questions of one document. */
export interface Questions {
  readonly facts: readonly PlantedFact[];
  readonly absent: readonly string[];
}

export interface QuestionFile {
  readonly absentAnswer: string;
  /**
   * needles: few facts a document; crowded: many that share entities and attributes; foreign: names and values that no generator
   * of this project makes (`foreign-questions.ts`); foreign-choice: more of these, on which plans may be chosen.
   */
  readonly sets: Readonly<Record<string, readonly Questions[]>>;
}

export interface EvaluationDocument {
  readonly pages: readonly Page[];
  /** Tokens of the pages, about as many as asked for. */
  readonly tokens: number;
  /** Where each fact's last sentence stands. */
  readonly places: readonly { readonly depth: number; readonly pages: readonly number[] }[];
}

interface Piece {
  readonly text: string;
  readonly tokens: number;
  /** The fact that it states. */
  readonly fact?: number;
}

export function readQuestions(): QuestionFile {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));
  const { absentAnswer, sets } = read('questions.json') as QuestionFile;
  return { absentAnswer, sets: { ...sets, ...(read('foreign-questions.json') as QuestionFile['sets']) } };
}

/** The held-out novel, sentence by sentence; a paragraph's last sentence ends with a line break. */
export function readProse(tokenizer: Tokenizer): Piece[] {
  const text = readFileSync(BOOK, 'utf8').replaceAll('\r', '');
  const paragraphs = text.split(/\n\s*\n/).map((block) => block.replace(/\s+/g, ' ').trim());
  const prose = paragraphs.filter((block) => block.length > 40 && !block.startsWith('['));
  return prose.flatMap((paragraph) => {
    const sentences = paragraph.split(/(?<=[.!?]["”]?) /);
    return sentences.map((sentence, index) => {
      const piece = index === sentences.length - 1 ? `${sentence}\n` : `${sentence} `;
      return { text: piece, tokens: tokenizer.encodeText(` ${piece.trim()}`).length };
    });
  });
}

/**
 * About `length` tokens: facts spread evenly over the document, in an order drawn from the seed; the first sentence of a
 * fact that is stated twice or corrected stands anywhere before its last.
 */
export function createDocument(
  prose: readonly Piece[],
  facts: readonly PlantedFact[],
  tokenizer: Tokenizer,
  length: number,
  seed: number,
): EvaluationDocument {
  const random = seededRandom(seed);
  const planted = facts.map(({ sentences }) =>
    sentences.map((text) => ({ text: `${text} `, tokens: tokenizer.encodeText(` ${text}`).length })),
  );
  const taken = planted.flat().reduce((sum, { tokens }) => sum + tokens, 0);
  const body = takeProse(prose, Math.max(0, length - taken), random);
  const order = shuffled(
    facts.map((_, index) => index),
    random,
  );
  const insertions = order.flatMap((fact, rank) => {
    const depth = (rank + random()) / order.length;
    return (planted[fact] ?? []).toReversed().map((piece, back) => {
      return { at: Math.floor((back === 0 ? depth : depth * random()) * body.length), piece: { ...piece, fact } };
    });
  });
  return paginate(merge(body, insertions), facts.length);
}

function takeProse(prose: readonly Piece[], tokens: number, random: () => number): Piece[] {
  const start = Math.floor(random() * prose.length);
  const body: Piece[] = [];
  for (let index = start, sum = 0; sum < tokens; index++) {
    const piece = prose[index % prose.length] as Piece;
    body.push(piece);
    sum += piece.tokens;
  }
  return body;
}

function merge(body: readonly Piece[], insertions: readonly { at: number; piece: Piece }[]): Piece[] {
  const sorted = insertions.toSorted((a, b) => a.at - b.at);
  const merged: Piece[] = [];
  let next = 0;
  for (let index = 0; index <= body.length; index++) {
    for (; sorted[next] && (sorted[next]?.at ?? 0) <= index; next++) merged.push(sorted[next]?.piece as Piece);
    if (body[index]) merged.push(body[index] as Piece);
  }
  return merged;
}

function paginate(pieces: readonly Piece[], facts: number): EvaluationDocument {
  const total = pieces.reduce((sum, { tokens }) => sum + tokens, 0);
  const texts: string[] = [''];
  const places = Array.from({ length: facts }, () => ({ depth: 0, pages: [] as number[] }));
  let before = 0;
  let onPage = 0;
  for (const piece of pieces) {
    if (onPage + piece.tokens > PAGE_TOKENS && onPage > 0) {
      texts.push('');
      onPage = 0;
    }
    texts[texts.length - 1] += piece.text;
    const place = piece.fact === undefined ? undefined : places[piece.fact];
    if (place) {
      place.depth = before / total;
      place.pages.push(texts.length);
    }
    before += piece.tokens;
    onPage += piece.tokens;
  }
  return { pages: texts.map((text, index) => ({ number: index + 1, text: text.trim() })), tokens: total, places };
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
