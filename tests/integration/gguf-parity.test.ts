import { describe, expect, it } from 'vitest';
import { cacheFor, openDecoder, relativeError } from './decoder.ts';
import { expectedOf, ggufNames, imported } from './gguf.ts';

/** Errors of the logits of the prompt's last token and of those decoded after it. */
async function errorsOf(name: string, activations: 'int8' | 'float', chunk: number): Promise<number[]> {
  const expected = expectedOf(name);
  const decoder = await openDecoder(await imported(name, { activations }));
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
  return errors;
}

describe.each(ggufNames)('GGUF against PyTorch on the dequantised weights: %s', (name) => {
  it.each([
    ['one chunk', 300],
    ['chunks of 64', 64],
  ])('gives the same logits in %s, then decoding', async (_title, chunk) => {
    const errors = await errorsOf(name, 'float', chunk);
    expect(errors).toHaveLength(5);
    expect(Math.max(...errors)).toBeLessThan(3e-3);
  });

  it('with activations rounded to int8, as it is imported, within 4e-2', async () => {
    expect(Math.max(...(await errorsOf(name, 'int8', 300)))).toBeLessThan(4e-2);
  });
});
