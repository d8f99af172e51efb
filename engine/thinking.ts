/** What a model writes between `<think>` and `</think>` before it answers: shown folded, and never told back to it. */
export interface SplitAnswer {
  /** Null where it has not thought aloud. */
  readonly thinking: string | null;
  readonly answer: string;
}

const BLOCK = /^\s*<think>([\s\S]*?)(?:<\/think>|$)/;

/** A block that is not closed yet is all thinking so far. */
export function splitThinking(text: string): SplitAnswer {
  const block = BLOCK.exec(text);
  if (!block) return { thinking: null, answer: text };
  return { thinking: (block[1] ?? '').trim(), answer: text.slice(block[0].length).trim() };
}
