/** Cuts what is quoted at the borders of sentences. */

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });
/** A sentence that is so much longer than what was asked for is none: a table, a list, a text without full stops. */
const LONGEST = 2;

/**
 * The sentences of a text that lie whole within a range, and the one that `peak` is in even where it reaches out of it. The range
 * itself where the sentence of the peak is no sentence. All in characters.
 */
export function wholeSentences(
  text: string,
  range: { readonly start: number; readonly end: number },
  peak: number,
): { start: number; end: number } {
  const sentences = [...SENTENCES.segment(text)].map(({ index, segment }) => ({
    start: index,
    end: index + segment.length,
  }));
  const own = sentences.find(({ start, end }) => start <= peak && peak < end);
  if (!own || own.end - own.start > LONGEST * (range.end - range.start)) return { ...range };
  const within = sentences.filter(({ start, end }) => start >= range.start && end <= range.end);
  return {
    start: Math.min(own.start, ...within.map(({ start }) => start)),
    end: Math.max(own.end, ...within.map(({ end }) => end)),
  };
}
