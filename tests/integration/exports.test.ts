/**
 * Graphs that onnxruntime-genai's model builder wrote, seven versions' ways of writing them (`../shared/exports`, which is not part of the
 * repository): right, or refused by name before any weight is read.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModelFolder } from '../../engine/folders/node.ts';
import { assess } from '../../engine/hub/model-library.ts';
import { readConfig } from '../../engine/model/config.ts';
import type { Decoder } from '../../engine/model/decoder.ts';
import { ROOT } from './command.ts';
import { cacheFor, openDecoder, relativeError } from './decoder.ts';
import { completed } from './model-folder.ts';
import { uncutLogits } from './uncut.ts';

const EXPORTS = join(ROOT, '../shared/exports');
const isThere = existsSync(EXPORTS);
if (!isThere) process.stderr.write('\n*** No ../shared/exports: graphs of the real exporter are NOT run. ***\n');

interface Expected {
  prompt: number;
  ids: number[];
  logits: number[][];
}

const REFUSED: Readonly<Record<string, object>> = {
  '0.16-dev-gptoss-q4-cpu': { feature: 'attention', layer: 0, uses: 'head_sink' },
  '0.16-dev-qwen3-f32-cpu-no-embeddings': { feature: 'no embedding' },
  '0.16-dev-qwen3-f32-cpu-no-head': { feature: 'no head', gives: 'hidden_states' },
};
/** Layers that see the whole text, where the others see a window. */
const UNBOUNDED: Readonly<Record<string, number>> = { gemma3: 1, 'mistral-window': 0 };
/** Longer than every border between short and long texts in these folders. */
const LONG = 560;
const folders = isThere ? readdirSync(EXPORTS, { withFileTypes: true }).filter((each) => each.isDirectory()) : [];
const names = folders.map(({ name }) => name).filter((name) => !(name in REFUSED));
const expectedOf = (name: string): Expected => JSON.parse(readFileSync(join(EXPORTS, name, 'expected.json'), 'utf8'));

/** PyTorch's logits are the measure for f32; weights and activations of fewer bits are compared with the same graph, uncut. */
async function referenceFor(name: string): Promise<{ logits: ArrayLike<number>[]; bound: number }> {
  const { ids, logits, prompt } = expectedOf(name);
  if (/-f32-/.test(name)) return { logits, bound: name.includes('phi4mini') ? 1e-2 : 3e-3 };
  const rows = await uncutLogits(join(EXPORTS, name), ids);
  return { logits: rows.slice(prompt - 1), bound: 4e-2 };
}

/** The logits behind the prompt, and behind each token after it. */
async function logitsOf(decoder: Decoder, ids: readonly number[], prompt: number, chunk: number) {
  const cache = cacheFor(decoder, undefined, undefined, ids.length);
  const logits: ArrayLike<number>[] = [];
  for (let done = 0; done < prompt; done += chunk) {
    const rows = ids.slice(done, Math.min(done + chunk, prompt));
    const last = await decoder.forward(rows, cache, { commit: true, want: 'logits' });
    if (cache.length === prompt) logits.push(last ?? []);
  }
  for (const id of ids.slice(prompt)) {
    logits.push((await decoder.forward([id], cache, { commit: false, want: 'logits' })) ?? []);
  }
  return logits;
}

function worst(actual: readonly ArrayLike<number>[], expected: readonly ArrayLike<number>[]): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...actual.map((each, row) => relativeError(each, expected[row] ?? [])));
}

describe.skipIf(!isThere)('graphs of the real exporter', () => {
  it('are all there', () => expect(folders).toHaveLength(32));

  it.each(names)('%s: in one chunk, in chunks of 64, and decoded', async (name) => {
    const { ids, prompt } = expectedOf(name);
    const { logits, bound } = await referenceFor(name);
    const decoder = await openDecoder(join(EXPORTS, name));
    for (const chunk of [prompt, 64]) {
      expect(worst(await logitsOf(decoder, ids, prompt, chunk), logits)).toBeLessThan(bound);
    }
    await decoder.close();
  });

  it.each(names.filter((name) => name.includes('phi')))('%s: beyond the border of LongRoPE', async (name) => {
    const { ids: some, prompt } = expectedOf(name);
    const { shortContextTokens = 0 } = await readConfig(await openModelFolder(join(EXPORTS, name)));
    expect(shortContextTokens).toBeLessThan(LONG);
    const ids = Array.from({ length: LONG }, (_, index) => some[(7 * index) % prompt] ?? 0);
    const expected = (await uncutLogits(join(EXPORTS, name), ids)).slice(LONG - 6);
    const decoder = await openDecoder(join(EXPORTS, name));
    expect(worst(await logitsOf(decoder, ids, LONG - 5, 64), expected)).toBeLessThan(
      name.includes('-f32-') ? 1e-2 : 4e-2,
    );
    await decoder.close();
  });

  it.each(Object.entries(REFUSED))(
    '%s is refused by name, when it is judged and when it is loaded',
    async (name, detail) => {
      const { verdict, failure } = await assess(completed(name, EXPORTS));
      expect([verdict, failure]).toEqual(['not supported', { code: 'model-unsupported', detail }]);
      await expect(openDecoder(join(EXPORTS, name))).rejects.toMatchObject({ code: 'model-unsupported', detail });
    },
  );

  it.each(names)(
    '%s is judged to run, with PoD where several layers see the whole text and turn their keys alike',
    async (name) => {
      const { verdict, facts } = await assess(completed(name, EXPORTS));
      const unbounded = UNBOUNDED[name.split('-').slice(1, -2).join('-')];
      const withoutPod = unbounded === undefined ? null : { reason: 'windows', unbounded };
      expect(verdict).toBe(withoutPod ? 'supported without PoD' : 'supported');
      expect(facts?.withoutPod).toEqual(withoutPod);
      expect((facts?.denseBytesPerThousand ?? 0) > 0).toBe(unbounded !== 0);
    },
  );
});
