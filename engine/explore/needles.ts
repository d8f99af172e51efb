/** Sentences with made-up facts, planted in a reader's own documents to see whether a plan still finds them. */
export interface Needle {
  readonly sentence: string;
  readonly question: string;
  readonly answer: string;
}

export const NEEDLES: readonly Needle[] = [
  {
    sentence: 'The access code of the Harlow Bank is 73519.',
    question: 'What is the access code of the Harlow Bank?',
    answer: '73519',
  },
  {
    sentence: 'The captain of the ship Corrigan is Edith Calloway.',
    question: 'Who is the captain of the ship Corrigan?',
    answer: 'Edith Calloway',
  },
  {
    sentence: 'The annual rent of Ravensworth Mill is 1,850 pounds.',
    question: 'What is the annual rent of Ravensworth Mill?',
    answer: '1,850 pounds',
  },
  {
    sentence: 'The opening date of Wendover Library is 14 March 1894.',
    question: 'What is the opening date of Wendover Library?',
    answer: '14 March 1894',
  },
  {
    sentence: 'The weight of the Thornbury bell is 64 tons.',
    question: 'What is the weight of the Thornbury bell?',
    answer: '64 tons',
  },
  {
    sentence: 'The password of the Calder Guild is walnut.',
    question: 'What is the password of the Calder Guild?',
    answer: 'walnut',
  },
];

/** The text with the needles at sentence ends, spread evenly. */
export function plant(text: string, needles: readonly Needle[]): string {
  const ends = [...text.matchAll(/[.!?]["”’)]?\s+/g)].map((match) => match.index + match[0].length);
  const places = needles.map((_, index) => {
    const wanted = ((index + 0.5) / needles.length) * text.length;
    return ends.reduce((best, end) => (Math.abs(end - wanted) < Math.abs(best - wanted) ? end : best), 0);
  });
  const pieces = needles.map(
    ({ sentence }, index) => `${text.slice(places[index - 1] ?? 0, places[index])}${sentence} `,
  );
  return pieces.join('') + text.slice(places.at(-1) ?? 0);
}
