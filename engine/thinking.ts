/** What a model writes between `<think>` and `</think>` before it answers: shown folded, and never told back to it. */
export interface SplitAnswer {
  /** Null where it has not thought aloud. */
  readonly thinking: string | null;
  readonly answer: string;
}

/** What a template has written where it opens the block itself: it belongs to the answer. */
export const OPENED_THINKING = '<think>\n';

/** Tokens that open and close the block; some tokenizers call them special and would leave them out. */
export const THINKING_TOKENS: ReadonlySet<string> = new Set(['<think>', '</think>']);

const BLOCK = /^\s*<think>([\s\S]*?)(?:<\/think>|$)/;

/** A block that is not closed yet is all thinking so far. */
export function splitThinking(text: string): SplitAnswer {
  const block = BLOCK.exec(text);
  if (!block) return { thinking: null, answer: text };
  return { thinking: (block[1] ?? '').trim(), answer: text.slice(block[0].length).trim() };
}
