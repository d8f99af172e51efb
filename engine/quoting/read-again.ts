/**
 * Reads a sentence of the document again, behind the question: what the model says of it, and where it points. Everything stays
 * uncommitted and is taken back; the document's own part of the cache is not touched.
 */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { probabilities } from '../generate/decode.ts';
import type { Decoder } from '../model/decoder.ts';
import type { LayerSums } from '../model/layers.ts';
import { type ChosenSpan, LONGEST_SPAN, type SentenceSigns, spanFrom, startsOf, stopChances } from './choose-span.ts';
import type { QuotingFile, QuotingIds } from './quoting-file.ts';

/** A sentence's token ids, and what may begin a word. */
export interface Quote {
  readonly ids: readonly number[];
  readonly opens: readonly boolean[];
}

/** What reading a sentence again told. */
export interface ReadAgain {
  /** Probability that the model says that the document does not tell. */
  readonly refused: number;
  readonly signs: SentenceSigns;
}

export class Rereader {
  readonly #decoder: Decoder;
  readonly #cache: KeyValueCache;
  readonly #file: Pick<QuotingFile, 'start' | 'end'>;
  readonly #ids: QuotingIds;

  /** cache: holds the document, committed, and the question. */
  constructor(decoder: Decoder, cache: KeyValueCache, file: Pick<QuotingFile, 'start' | 'end'>, ids: QuotingIds) {
    this.#decoder = decoder;
    this.#cache = cache;
    this.#file = file;
    this.#ids = ids;
  }

  /** Leaves the cache as it was. */
  async read({ ids, opens }: Quote): Promise<ReadAgain> {
    return this.#behindQuestion(async () => {
      const startPointer = this.#pointer('start', ids.length);
      const endPointer = this.#pointer('end', ids.length);
      const firstToken = probabilities(
        await this.#forward([...ids, this.#ids.so], 'logits', [startPointer, endPointer]),
      );
      const refused = await this.#refused(firstToken);
      const first = Float64Array.from(ids, (id) => firstToken[id] ?? 0);
      const signs = { ids, opens, startPointer: startPointer.sums, endPointer: endPointer.sums, firstToken: first };
      return { refused, signs };
    });
  }

  /** Which span of a sentence that was read again answers. Leaves the cache as it was. */
  async choose({ signs }: ReadAgain): Promise<ChosenSpan> {
    const { places, chances } = startsOf(signs);
    const likeliest = [...places].sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0) || b - a);
    return this.#behindQuestion(async () => {
      await this.#decoder.forward([...signs.ids, this.#ids.so], this.#cache, { commit: false, want: 'nothing' });
      const behind = this.#cache.length;
      let best: ChosenSpan = { start: 0, end: 1, chance: Number.NEGATIVE_INFINITY };
      for (const start of likeliest) {
        const chance = chances[start] ?? 0;
        // No end makes an answer likelier than its start is.
        if (chance <= best.chance) break;
        const span = spanFrom(start, chance, await this.#stops(signs, start), signs.endPointer);
        this.#cache.rewind(behind);
        if (span.chance > best.chance) best = span;
      }
      return best;
    });
  }

  async #stops({ ids, opens }: SentenceSigns, start: number): Promise<Float64Array> {
    const written = ids.slice(start, start + LONGEST_SPAN);
    const logits = await this.#forward(written, 'every row');
    const size = logits.length / written.length;
    const rows = written.map((_, row) => probabilities(logits.subarray(row * size, (row + 1) * size)));
    const next = (row: number) => ids[start + row + 1] ?? this.#ids.end;
    return stopChances(
      rows.map((row, index) => row[next(index)] ?? 0),
      rows.map((row) => row[this.#ids.end] ?? 0),
      rows.map((_, row) => opens[start + row + 1] ?? true),
      start + written.length === ids.length,
    );
  }

  /** Of the refusal's first two tokens: its first may begin an answer too. */
  async #refused(firstToken: Float64Array): Promise<number> {
    const [first = -1, second = -1] = this.#ids.refusal;
    const chance = firstToken[first] ?? 0;
    return chance * (probabilities(await this.#forward([first], 'logits'))[second] ?? 0);
  }

  #pointer(which: 'start' | 'end', tokens: number): LayerSums {
    const { layer, keyValueHead, queryHead } = this.#file[which];
    const from = this.#cache.length;
    return {
      layer,
      head: keyValueHead,
      queryHeads: [queryHead],
      rows: [tokens],
      runs: Array.from({ length: tokens }, (_, place) => ({ start: from + place, end: from + place + 1 })),
      sums: new Float64Array(tokens),
    };
  }

  async #forward(
    ids: readonly number[],
    want: 'logits' | 'every row',
    sums: readonly LayerSums[] = [],
  ): Promise<Float32Array> {
    const logits = await this.#decoder.forward(ids, this.#cache, { commit: false, want, sums });
    if (!logits) throw new TypeError('the last segment gave no logits');
    return logits;
  }

  async #behindQuestion<Result>(work: () => Promise<Result>): Promise<Result> {
    const behind = this.#cache.length;
    try {
      return await work();
    } finally {
      this.#cache.rewind(Math.min(behind, this.#cache.length));
    }
  }
}
