/** Words as they are compared: in any script, without accents, case and English endings (Porter's stemmer). */
import { stemmer } from 'stemmer';

const WORDS = new Intl.Segmenter(undefined, { granularity: 'word' });
/** Words that every question has and that say nothing of what is asked; rare in some texts, so that BM25 would follow them. */
const OF_QUESTIONS = new Set(
  'a an and are as at be been by can could did do does for from had has have how if in into is it its many much of on or that the their them there they this to was were what when where which who whom whose why will with would you your'.split(
    ' ',
  ),
);
/** Also of scripts that put no spaces between words. */
export function wordsOf(text: string): string[] {
  return [...WORDS.segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
}

export function termOf(word: string): string {
  return stemmer(
    word
      .normalize('NFKD')
      .replace(/\p{M}|['’]s$/gu, '')
      .toLowerCase(),
  );
}

/** The words of a question that say what is asked; all of them where there are none. */
export function askedWords(question: string): string[] {
  const words = wordsOf(question);
  const telling = words.filter((word) => !OF_QUESTIONS.has(word.toLowerCase()));
  return telling.length > 0 ? telling : words;
}

/** Share of a question's telling words that stand in a text, 0–1. */
export function sharedWords(question: string, text: string): number {
  const asked = askedWords(question).map(termOf);
  const there = new Set(wordsOf(text).map(termOf));
  return asked.length === 0 ? 0 : asked.filter((word) => there.has(word)).length / asked.length;
}

/** Whether the words of a phrase stand in a text one after the other. */
export function standsIn(phrase: string, text: string): boolean {
  const wanted = joined(phrase);
  return wanted.length > 2 && joined(text).includes(wanted);
}

/** Whether two phrases differ in nothing but case and marks. */
export function sameWords(one: string, other: string): boolean {
  return joined(one) === joined(other);
}

/** Words with a space before and after each. */
function joined(text: string): string {
  return ` ${wordsOf(text.normalize('NFKC').toLowerCase()).join(' ')} `;
}
