/** Which tokens of a sentence answer: a start and an end for which heads of the model and its own words speak together. */

/** Ends that are looked at for each start, the start's own token included. */
export const LONGEST_SPAN = 24;
/** Starts that the pointer proposes; the model's own words propose one more. */
const POINTED_STARTS = 4;
/** Keeps products of chances from being nothing. */
const HARDLY = 1e-9;

/** For each token of a sentence [n] what speaks for it. */
export interface SentenceSigns {
  /** Attention of the heads that point, at the place where the answer would begin. */
  readonly startPointer: ArrayLike<number>;
  readonly endPointer: ArrayLike<number>;
  /** Probability that the model begins an answer with this token, wherever it stands. */
  readonly firstToken: ArrayLike<number>;
  readonly ids: readonly number[];
  /** Whether a word can begin with it; true for the first. */
  readonly opens: readonly boolean[];
}

export interface Starts {
  /** Tokens of the sentence that answers may start with, ascending. */
  readonly places: readonly number[];
  /** What speaks for each token [n]. */
  readonly chances: Float64Array;
}

export interface ChosenSpan {
  readonly start: number;
  readonly end: number;
  /** What speaks for it, 0–1. */
  readonly chance: number;
}

export function startsOf({ startPointer, firstToken, ids, opens }: SentenceSigns): Starts {
  const pointer = Float64Array.from(ids, (_, place) => (opens[place] ? (startPointer[place] ?? 0) : 0) + HARDLY);
  // A token's probability belongs to all its occurrences; attention says which.
  const shared = new Map<number, number>();
  for (const [place, id] of ids.entries()) shared.set(id, (shared.get(id) ?? 0) + (pointer[place] ?? 0));
  const words = Float64Array.from(ids, (id, place) => {
    const share = (pointer[place] ?? 0) / (shared.get(id) ?? 1);
    return (opens[place] ? (firstToken[place] ?? 0) * share : 0) + HARDLY;
  });
  const best = [...ids.keys()].sort((a, b) => (pointer[b] ?? 0) - (pointer[a] ?? 0) || a - b);
  const places = new Set([...best.slice(0, POINTED_STARTS), words.indexOf(Math.max(...words))]);
  const chances = pointer.map((chance, place) => chance * Math.sqrt(words[place] ?? 0));
  return { places: [...places].sort((a, b) => a - b), chances };
}

/**
 * Of an answer that starts at a place: for each token from there on the chance that the model, held to the sentence, ends behind it.
 * goOn, stop: after each of these tokens, the probability of the sentence's next token and of the end. endsWord: whether a word ends there.
 */
export function stopChances(
  goOn: ArrayLike<number>,
  stop: ArrayLike<number>,
  endsWord: readonly boolean[],
  reachesEnd: boolean,
): Float64Array {
  const chances = new Float64Array(endsWord.length);
  let reached = 1;
  for (const [index, ends] of endsWord.entries()) {
    const both = (stop[index] ?? 0) + (goOn[index] ?? 0);
    const last = reachesEnd && index === endsWord.length - 1;
    const here = last ? 1 : ends ? (stop[index] ?? 0) / Math.max(both, HARDLY) : 0;
    chances[index] = reached * here + HARDLY;
    reached *= 1 - here;
  }
  return chances;
}

/** The best end for a start; of equal ones the first. */
export function spanFrom(
  start: number,
  startChance: number,
  stops: Float64Array,
  endPointer: ArrayLike<number>,
): ChosenSpan {
  let best = { start, end: start + 1, chance: Number.NEGATIVE_INFINITY };
  for (const [index, stop] of stops.entries()) {
    const pointed = stop > 10 * HARDLY ? (endPointer[start + index] ?? 0) : 0;
    const chance = startChance * pointed * Math.sqrt(stop);
    if (chance > best.chance) best = { start, end: start + index + 1, chance };
  }
  return best;
}
