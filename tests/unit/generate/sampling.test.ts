import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argmax, createSampler, greedy, seededRandom } from '../../../engine/generate/sampling.ts';

const logits = Float32Array.of(0, 3, 1, 2.9, -5);
const sampled = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };

function draws(options: Partial<typeof sampled>, count = 400): Set<number> {
  const sampler = createSampler({ ...sampled, ...options });
  return new Set(Array.from({ length: count }, () => sampler(logits, [])));
}

describe('sampling', () => {
  it('greedy takes the likeliest', () => expect(createSampler(greedy)(logits, [])).toBe(1));

  it('the same seed gives the same tokens, another one others', () => {
    const run = (seed: number) => {
      const sampler = createSampler({ ...sampled, seed });
      return Array.from({ length: 40 }, () => sampler(logits, []));
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it('top-k keeps the k likeliest', () => expect(draws({ topK: 2 })).toEqual(new Set([1, 3])));
  it('top-p keeps the fewest that make up the share', () => expect(draws({ topP: 0.6 })).toEqual(new Set([1, 3])));
  it('a low temperature hardly leaves the best', () => expect(draws({ temperature: 0.01 })).toEqual(new Set([1])));
  it('a high temperature reaches everything', () => expect(draws({ temperature: 100 }).size).toBe(5));

  it('the repetition penalty makes said tokens less likely', () => {
    const sampler = createSampler({ ...greedy, repetitionPenalty: 1.5 });
    expect(sampler(logits, [1])).toBe(3);
  });

  it('argmax is the first largest', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, noNaN: true }),
        (values) => argmax(values) === values.indexOf(Math.max(...values)),
      ),
    );
  });

  it('the generator spreads evenly', () => {
    const random = seededRandom(5);
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++)
      counts[Math.floor(random() * 10)] = (counts[Math.floor(random() * 10)] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(800);
  });
});
