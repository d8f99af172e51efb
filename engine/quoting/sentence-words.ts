/**
 * Which sentences share words with a question: BM25 over sentences (Robertson and Zaragoza, 2009), as a share of what a sentence with
 * every word of the question once would have, so that scores of different documents compare. `build/model/quoting/candidates.py`
 * reckons the same; what an answer's confidence is fitted on depends on it.
 */

const SATURATION = 1;
const LENGTH_WEIGHT = 0.3;
/** Questions use words of several sentences: a sentence counts a part of what stands beside it, of the one before it and of the one behind it. */
const BEFORE = 0.2;
const BEHIND = 0.1;
const WORD = /[\p{L}\p{N}]+/gu;
const ENDINGS = ['ies', 'ied', 'ing', 'ed', 'es', 's', 'e', 'y'];
const SHORTEST_STEM = 3;

interface Posting {
  readonly sentence: number;
  readonly count: number;
}

export class SentenceWords {
  readonly #norms: readonly number[];
  readonly #postings = new Map<string, Posting[]>();
  readonly #functionWords: ReadonlySet<string>;

  constructor(sentences: readonly string[], functionWords: ReadonlySet<string>) {
    this.#functionWords = functionWords;
    const lengths = sentences.map((text, sentence) => this.#add(stemsOf(text), sentence));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length) || 1;
    this.#norms = lengths.map((length) => 1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * length) / mean);
  }

  /** One score a sentence. */
  scores(question: string): Float64Array {
    const scores = new Float64Array(this.#norms.length);
    let possible = 0;
    for (const stem of new Set(this.#asked(question))) {
      const postings = this.#postings.get(stem) ?? [];
      const rarity = Math.log(1 + (scores.length - postings.length + 0.5) / (postings.length + 0.5));
      possible += rarity;
      for (const { sentence, count } of postings) {
        const norm = this.#norms[sentence] ?? 1;
        scores[sentence] = (scores[sentence] ?? 0) + (rarity * count * (SATURATION + 1)) / (count + SATURATION * norm);
      }
    }
    return withNeighbours(scores.map((score) => score / Math.max(possible, 1e-6)));
  }

  /** Words that are rare by chance ("how", "be") say nothing; a question of nothing else keeps them. */
  #asked(question: string): string[] {
    const telling = wordsOf(question).filter((word) => !this.#functionWords.has(word));
    return telling.length > 0 ? telling.map(stemOf) : stemsOf(question);
  }

  /** Gives how many words it has. */
  #add(stems: readonly string[], sentence: number): number {
    const counts = new Map<string, number>();
    for (const stem of stems) counts.set(stem, (counts.get(stem) ?? 0) + 1);
    for (const [stem, count] of counts) {
      const known = this.#postings.get(stem);
      if (known) known.push({ sentence, count });
      else this.#postings.set(stem, [{ sentence, count }]);
    }
    return stems.length;
  }
}

/** Each sentence's score with a part of its neighbours'. */
export function withNeighbours(scores: Float64Array): Float64Array {
  return scores.map((score, index) => score + BEFORE * (scores[index - 1] ?? 0) + BEHIND * (scores[index + 1] ?? 0));
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

function stemsOf(text: string): string[] {
  return wordsOf(text).map(stemOf);
}

function stemOf(word: string): string {
  const ending = ENDINGS.find((each) => word.endsWith(each) && word.length - each.length >= SHORTEST_STEM) ?? '';
  return word.slice(0, word.length - ending.length);
}
