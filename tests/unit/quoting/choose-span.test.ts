import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LONGEST_SPAN, spanFrom, startsOf, stopChances } from '../../../engine/quoting/choose-span.ts';

const chance = fc.double({ min: 0, max: 1, noNaN: true });

it('starts where pointer and words agree, and a word begins', () => {
  const { places, chances } = startsOf({
    ids: [10, 11, 12, 11, 13, 14, 15],
    opens: [true, true, false, true, true, true, true],
    startPointer: [0.01, 0.1, 0.5, 0.3, 0.02, 0.03, 0.04],
    endPointer: [],
    firstToken: [0, 0.8, 0.9, 0.8, 0, 0, 0],
  });
  expect(places).not.toContain(2);
  // Token 11 stands twice: its probability goes where the pointer is.
  expect(chances.indexOf(Math.max(...chances))).toBe(3);
  expect((chances[3] ?? 0) / (chances[1] ?? 1)).toBeCloseTo(3 ** 1.5, 4);
});

it('proposes a start that only the words see', () => {
  const ids = Array.from({ length: 12 }, (_, index) => index);
  const firstToken = ids.map((id) => (id === 11 ? 0.9 : 0));
  const startPointer = ids.map((id) => (id === 11 ? 0.001 : 0.1 - id / 1000));
  const { places } = startsOf({ ids, opens: ids.map(() => true), startPointer, endPointer: [], firstToken });
  expect(places).toEqual([0, 1, 2, 3, 11]);
});

it('ends whole words only, and at the sentence’s end at the latest', () => {
  const any = fc.array(fc.record({ goOn: chance, stop: chance, ends: fc.boolean() }), {
    minLength: 1,
    maxLength: LONGEST_SPAN,
  });
  fc.assert(
    fc.property(any, fc.boolean(), (tokens, reachesEnd) => {
      const ends = tokens.map((each) => each.ends);
      const stops = stopChances(
        tokens.map(({ goOn }) => goOn),
        tokens.map(({ stop }) => stop),
        ends,
        reachesEnd,
      );
      const sum = stops.reduce((total, each) => total + each, 0);
      expect(sum).toBeLessThan(1.0001);
      if (reachesEnd) expect(sum).toBeCloseTo(1, 4);
      for (const [index, stop] of stops.entries())
        if (!ends[index] && !(reachesEnd && index === stops.length - 1)) expect(stop).toBeLessThan(1e-8);
    }),
  );
});

it('takes the end that pointer and words like best together', () => {
  const stops = Float64Array.of(0.1, 0.6, 0.3);
  const span = spanFrom(5, 0.5, stops, [0, 0, 0, 0, 0, 0.2, 0.2, 0.9]);
  expect(span).toMatchObject({ start: 5, end: 8 });
  expect(span.chance).toBeCloseTo(0.5 * 0.9 * Math.sqrt(0.3), 12);
});

it('gives no end to a word that goes on, however the pointer points there', () => {
  expect(spanFrom(0, 1, Float64Array.of(1e-9, 0.2), [1, 0.001])).toMatchObject({ start: 0, end: 2 });
});
