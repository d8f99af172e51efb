/** What recognising the words in a picture gives, and what a recogniser is; the one there is stands in `recognition/`. */
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
