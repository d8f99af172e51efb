import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argmax, createSampler, draw, greedy, type Sampling, seededRandom } from '../../../engine/generate/sampling.ts';

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

/** What a sampler has to do, as one would write it down: sort everything. */
function referenceDistribution(logits: Float32Array, { temperature, topK, topP }: Sampling): Map<number, number> {
  const order = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const weights = kept.map((id) => Math.exp(((logits[id] ?? 0) - (logits[kept[0] ?? 0] ?? 0)) / temperature));
  const enough = topP * weights.reduce((sum, each) => sum + each, 0);
  const nucleus: number[] = [];
  for (let sum = 0, at = 0; at < weights.length && (at === 0 || sum < enough); sum += weights[at] ?? 0, at++)
    nucleus.push(weights[at] ?? 0);
  const total = nucleus.reduce((sum, each) => sum + each, 0);
  return new Map(nucleus.map((weight, at) => [kept[at] ?? 0, weight / total]));
}

const PLACES = 100;

describe('the distribution is that of sorting', () => {
  const values = fc.float32Array({ minLength: 1, maxLength: 400, noNaN: true, min: -60, max: 60 });
  /** Few different values, and many of each. */
  const tied = fc
    .array(fc.constantFrom(-3, -0, 0, 1.5, 1.5000001, 8, -Infinity), { minLength: 1, maxLength: 400 })
    .map((each) => Float32Array.of(...each));
  const sampling = fc.record({
    temperature: fc.double({ min: 0.05, max: 20, noNaN: true }),
    topK: fc.constantFrom(0, 1, 2, 7, 50, 300, 5000),
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    repetitionPenalty: fc.constant(1),
  });

  it('token by token, whatever the logits are', () => {
    fc.assert(
      fc.property(fc.oneof(values, tied), sampling, (logits, options) => {
        fc.pre(logits.some((each) => each > -Infinity));
        // At the very border of the nucleus rounding decides.
        const [less, more] = [-1e-9, 1e-9].map((by) =>
          referenceDistribution(logits, { ...options, topP: options.topP === 1 ? 1 : options.topP + by }),
        );
        fc.pre(less?.size === more?.size);
        const counts = new Map<number, number>();
        for (let place = 0; place < PLACES; place++) {
          const id = draw(logits, options, (place + 0.5) / PLACES);
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        const expected = referenceDistribution(logits, options);
        const off = [...new Set([...counts.keys(), ...expected.keys()])].map((id) =>
          Math.abs((counts.get(id) ?? 0) - (expected.get(id) ?? -PLACES) * PLACES),
        );
        expect(Math.max(...off)).toBeLessThanOrEqual(1.001);
      }),
      { numRuns: 80 },
    );
  });

  it('of a whole vocabulary as well', () => {
    const random = seededRandom(3);
    const logits = Float32Array.from({ length: 151_936 }, () => random() * random() * 30 - 15);
    for (const options of [
      { temperature: 0.6, topK: 0, topP: 0.8 },
      { temperature: 0.6, topK: 20, topP: 0.9 },
      { temperature: 0.2, topK: 0, topP: 1 },
    ]) {
      const whole = { ...options, repetitionPenalty: 1 };
      const expected = referenceDistribution(logits, whole);
      for (let place = 0; place < 40; place++) expect(expected.has(draw(logits, whole, place / 40))).toBe(true);
      const [likeliest, probability] = [...expected][0] ?? [0, 0];
      const hits = Array.from({ length: 100 }, (_, place) => draw(logits, whole, (place + 0.5) / 100));
      expect(Math.abs(hits.filter((id) => id === likeliest).length - probability * 100)).toBeLessThanOrEqual(1.001);
    }
  });

  it('of more tokens than the selection keeps at once, with ties among them', () => {
    const random = seededRandom(4);
    for (const spread of [3, 4000]) {
      const logits = Float32Array.from({ length: 6000 }, () => Math.floor(random() * spread) / 100);
      for (const topK of [3, 900]) {
        const options = { ...sampled, topK, temperature: 1e6 };
        const expected = referenceDistribution(logits, options);
        const places = topK * 2;
        const hits = Array.from({ length: places }, (_, place) => draw(logits, options, (place + 0.5) / places));
        expect(hits.filter((id) => !expected.has(id))).toEqual([]);
        expect(new Set(hits).size).toBe(topK);
      }
    }
  });

  it('does not fall over logits that are no numbers', () => {
    const odd = Float32Array.of(-Infinity, Number.NaN, -Infinity);
    for (const topK of [0, 2]) expect(draw(odd, { ...sampled, topK }, 0.5)).toBe(0);
    const one = Float32Array.of(-Infinity, Number.NaN, 2, Number.NaN, 1);
    for (const topK of [0, 2]) expect(draw(one, { ...sampled, topK, temperature: 0.01 }, 0.5)).toBe(2);
  });
});

describe('asking again', () => {
  it('gives other tokens where no seed is given', () => {
    const run = () => {
      const sampler = createSampler({ temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 });
      return Array.from({ length: 64 }, () => sampler(logits, [])).join();
    };
    expect(run()).not.toBe(run());
  });
});
