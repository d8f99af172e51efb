/** Logits of a model made of a GGUF file over a text, and how far two of them are apart. */
import { cacheFor, openDecoder } from '../../tests/integration/decoder.ts';

/** A text's token ids; the first `prompt` of them are the prompt. */
export interface Expected {
  readonly prompt: number;
  readonly ids: number[];
}

/** Logits of the next token after each of the last tokens. */
export async function ourRows(folder: string, { ids }: Expected, from: number): Promise<Float64Array[]> {
  const decoder = await openDecoder(folder);
  const rows: Float64Array[] = [];
  const cache = cacheFor(decoder, undefined, undefined, ids.length);
  await decoder.forward(ids.slice(0, from), cache, { commit: true, want: 'nothing' });
  for (const id of ids.slice(from)) {
    rows.push(Float64Array.from((await decoder.forward([id], cache, { commit: true, want: 'logits' })) ?? []));
  }
  await decoder.close();
  return rows;
}

/** Log-probabilities are logits but for what all of them have in common. */
export function centred(row: Float64Array): Float64Array {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return row.map((value) => value - mean);
}

export const largestOf = (row: Float64Array) => row.indexOf(Math.max(...row));

/** Largest difference over largest magnitude. */
export function differenceOf(one: Float64Array, other: Float64Array): number {
  const magnitude = other.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    one.reduce((most, value, index) => Math.max(most, Math.abs(value - (other[index] ?? Number.NaN))), 0) / magnitude
  );
}
