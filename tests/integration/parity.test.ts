import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { argmax } from '../../engine/generate/sampling.ts';
import { cacheFor, openDecoder, relativeError } from './decoder.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/parity');
const TINYSTORIES = join(import.meta.dirname, '../../build/model/work/tinystories');

interface Expected {
  prompt: number;
  ids: number[];
  logits: number[][];
}

describe.each(readdirSync(FIXTURES))('parity with transformers: %s', (name) => {
  it.each([
    ['one chunk', 300],
    ['chunks of 64', 64],
  ])('gives the same next-token logits in %s, then decoding 20 tokens', async (_title, chunk) => {
    const decoder = await openDecoder(join(FIXTURES, name));
    const expected: Expected = JSON.parse(readFileSync(join(FIXTURES, name, 'expected.json'), 'utf8'));
    const cache = cacheFor(decoder, undefined, undefined, expected.ids.length);
    const errors: number[] = [];
    for (let done = 0; done < expected.prompt; done += chunk) {
      const ids = expected.ids.slice(done, Math.min(done + chunk, expected.prompt));
      const logits = await decoder.forward(ids, cache, { commit: true, want: 'logits' });
      if (cache.length === expected.prompt) errors.push(relativeError(logits ?? [], expected.logits[0] ?? []));
    }
    for (const [step, id] of expected.ids.slice(expected.prompt).entries()) {
      const logits = await decoder.forward([id], cache, { commit: false, want: 'logits' });
      errors.push(relativeError(logits ?? [], expected.logits[step + 1] ?? []));
    }
    await decoder.close();
    expect(errors).toHaveLength(21);
    expect(Math.max(...errors)).toBeLessThan(1e-3);
  });
});

describe('refused by name', () => {
  it.each([
    ['llama-head-sink', { feature: 'attention', layer: 0, uses: 'head_sink' }],
    ['llama-optimum', { feature: 'no attention node' }],
    ['llama-bias-penalty', { feature: 'attention bias', layer: 0, total: 7, token: 0 }],
  ])('%s', async (name, detail) => {
    await expect(openDecoder(join(FIXTURES, '../refused', name))).rejects.toMatchObject({
      code: 'model-unsupported',
      detail,
    });
  });
});

// Written by `build/model/parity_fixtures.py --tinystories`; never committed, because the model's licence is not verified.
describe.skipIf(!existsSync(TINYSTORIES))('a trained model: tinystories-656k', () => {
  it('continues ten prompts greedily as PyTorch does, token for token', async () => {
    const decoder = await openDecoder(TINYSTORIES);
    const cases: { prompt: number[]; continuation: number[] }[] = JSON.parse(
      readFileSync(join(TINYSTORIES, 'continuations.json'), 'utf8'),
    );
    expect(cases).toHaveLength(10);
    for (const { prompt, continuation } of cases) {
      const cache = cacheFor(decoder);
      const ids: number[] = [];
      let logits = await decoder.forward(prompt, cache, { commit: true, want: 'logits' });
      while (ids.length < continuation.length) {
        ids.push(argmax(logits ?? new Float32Array()));
        logits = await decoder.forward(ids.slice(-1), cache, { commit: false, want: 'logits' });
      }
      expect(ids).toEqual(continuation);
    }
    await decoder.close();
  });
});
