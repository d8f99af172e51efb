/** GGUF files that lie: refused in one line, whatever was changed, without asking for more than they have. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { judgeGguf } from '../../engine/gguf/judge-gguf.ts';
import { prepareGguf } from '../../engine/gguf/prepare-gguf.ts';
import { readGguf } from '../../engine/gguf/read-gguf.ts';
import { writeWeights } from '../../engine/gguf/write-weights.ts';
import { ArraySource, type ByteSource } from '../../engine/model/source.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { ggufPath } from './gguf.ts';

const MUTATIONS = 2000;
const SUBJECTS = ['llama-q4_0', 'llama-linear', 'gemma2', 'qwen2-yarn', 'phi3-long'];

/** mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Tensors begin on whole alignments, wherever the head ends. */
const SPARE = Buffer.alloc(64);

const LARGE = [0n, 1n, 0xffn, 0xffffn, 0x7fffffffn, 0xffffffffn, 1n << 40n, (1n << 63n) - 1n, (1n << 64n) - 1n];

/** One change, mostly in the head, where lengths, offsets, counts and names are. */
function mutated(original: Uint8Array, head: number, random: (below: number) => number): Uint8Array {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  const at = random(head - 8);
  const kinds = [
    () => view.setBigUint64(at, LARGE[random(LARGE.length)] ?? 0n, true),
    () => view.setUint32(at, Number(BigInt.asUintN(32, LARGE[random(LARGE.length)] ?? 0n)), true),
    () => view.setUint8(at, random(256)),
    () => bytes.fill(random(256), at, at + random(64)),
    () => bytes.copyWithin(at, random(head), random(head)),
  ];
  kinds[random(kinds.length)]?.();
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** What is asked of it at once. */
class Counted implements ByteSource {
  readonly size: number;
  largest = 0;
  readonly #source: ArraySource;

  constructor(bytes: Uint8Array) {
    this.#source = new ArraySource(bytes);
    this.size = bytes.byteLength;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    this.largest = Math.max(this.largest, length);
    return this.#source.read(offset, length);
  }

  async close(): Promise<void> {}
}

/** 'whole', or what it is refused by. */
async function outcomeOf(bytes: Uint8Array): Promise<string> {
  const source = new Counted(bytes);
  try {
    const prepared = await prepareGguf(await readGguf(source, 'x.gguf'));
    const { failure } = await judgeGguf(prepared);
    if (failure) return sentencesFor(failure, 'terminal');
    let end = 0;
    await writeWeights(prepared.gguf, prepared.weights, async (part, offset) => {
      end = Math.max(end, offset + part.byteLength);
    });
    expect(end).toBe(prepared.weights.bytes);
    return 'whole';
  } catch (cause) {
    expect(cause, String(cause instanceof Error ? cause.stack : cause)).toBeInstanceOf(ProximaError);
    return sentencesFor(failureOf(cause), 'terminal');
  } finally {
    expect(source.largest).toBeLessThanOrEqual(bytes.byteLength);
  }
}

describe('hostile GGUF files', () => {
  it(`${MUTATIONS} seeded mutations are whole models or refused in one line`, async () => {
    const outcomes = new Map<string, number>();
    for (const [number, name] of SUBJECTS.entries()) {
      const original = new Uint8Array(readFileSync(ggufPath(name)));
      const { tensors } = await readGguf(new ArraySource(original), name);
      const head = Math.min(...[...tensors.values()].map(({ offset }) => offset));
      const random = randomFrom(17 + number);
      for (let count = 0; count < MUTATIONS / SUBJECTS.length; count++) {
        const outcome = await outcomeOf(mutated(original, head, random));
        expect(outcome).toMatch(/^[^\n]+$/);
        expect(outcome.length).toBeLessThan(600);
        outcomes.set(
          outcome === 'whole' ? 'whole' : 'refused',
          (outcomes.get(outcome === 'whole' ? 'whole' : 'refused') ?? 0) + 1,
        );
      }
    }
    // Many changes fall into names and weights, which may be anything; a test in which nothing is refused would show nothing.
    expect(outcomes.get('refused')).toBeGreaterThan(MUTATIONS / 4);
    expect(outcomes.get('whole')).toBeGreaterThan(MUTATIONS / 20);
  }, 300_000);

  /** A head of one key with an array of `count` elements of a type, in a file of 4 MiB. */
  function claiming(type: number, count: bigint): Uint8Array {
    const bytes = new Uint8Array(4 << 20);
    const view = new DataView(bytes.buffer);
    bytes.set(new TextEncoder().encode('GGUF'));
    view.setUint32(4, 3, true);
    view.setBigUint64(16, 1n, true);
    view.setBigUint64(24, 1n, true);
    bytes.set(new TextEncoder().encode('k'), 32);
    view.setUint32(33, 9, true);
    view.setUint32(37, type, true);
    view.setBigUint64(41, count, true);
    return bytes;
  }

  it.each(
    [0, 4, 6, 7, 8, 9, 10, 12, 99].flatMap((type) =>
      [1n << 19n, 1n << 22n, 1n << 40n, 1n << 62n].map((count) => [type, count] as const),
    ),
  )('an array of type %i that claims %i elements takes no more than twice the file', async (type, count) => {
    const bytes = claiming(type, count);
    const used = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const before = used();
    await readGguf(new ArraySource(bytes), 'x.gguf').catch((cause) =>
      expect(cause).toMatchObject({ code: 'gguf-damaged' }),
    );
    expect(used() - before).toBeLessThan(2 * bytes.byteLength);
  });

  it.each([
    [0, 1],
    [5, 4],
    [8, 8],
    [10, 8],
    [11, 8],
    [12, 8],
  ])(
    'an array of type %i that fills its file, %i bytes an element, takes no more than twice the file',
    async (type, width) => {
      const bytes = claiming(type, BigInt(Math.floor(((4 << 20) - 49) / width)));
      const used = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
      const before = used();
      expect((await readGguf(new ArraySource(bytes), 'x.gguf')).keys.size).toBe(1);
      expect(used() - before).toBeLessThan(2 * bytes.byteLength);
    },
  );

  it('a list of two million tokens is refused before a string is made of any', async () => {
    const count = 2_000_000;
    const original = readFileSync(ggufPath('llama-q4_0'));
    const key = Buffer.from('tokenizer.ggml.tokens');
    // Behind the key: the type of the value, that of its elements, their number.
    const at = original.indexOf(key) + key.length + 8;
    let end = at + 8;
    for (let left = Number(original.readBigUInt64LE(at)); left > 0; left--)
      end += 8 + Number(original.readBigUInt64LE(end));
    const more = Buffer.alloc(8);
    more.writeBigUInt64LE(BigInt(count));
    const bytes = Buffer.concat([
      original.subarray(0, at),
      more,
      Buffer.alloc(8 * count),
      original.subarray(end),
      SPARE,
    ]);
    const used = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const before = used();
    const outcome = await outcomeOf(new Uint8Array(bytes));
    expect(outcome).toMatch(/names 2000000 tokens, and its embedding has 320/);
    expect(used() - before).toBeLessThan(2 * bytes.byteLength);
  });
});
