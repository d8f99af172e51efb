import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type AnswerSignals,
  type Calibration,
  parseCalibration,
  probabilityRight,
} from '../../../engine/passages/confidence.ts';

const calibration: Calibration = {
  version: 1,
  fitted: 'a test',
  bias: -1,
  weights: { meanLogProbability: 1, leastLogProbability: 0.5, quoted: 2, focus: 3, overlap: 1 },
};
const signals: AnswerSignals = {
  meanLogProbability: -0.1,
  leastLogProbability: -0.4,
  quoted: 1,
  focus: 0.5,
  overlap: 1,
};

it('is the logistic function of the weighted signals', () => {
  const sum = -1 - 0.1 - 0.2 + 2 + 1.5 + 1;
  expect(probabilityRight(calibration, signals)).toBeCloseTo(1 / (1 + Math.exp(-sum)), 12);
});

it('stays between 0 and 1 whatever the signals are, and rises with each of them', () => {
  const any = fc.oneof(fc.double({ min: -1e6, max: 0 }), fc.constantFrom(Number.NEGATIVE_INFINITY, Number.NaN));
  fc.assert(
    fc.property(any, any, (mean, least) => {
      const probability = probabilityRight(calibration, {
        ...signals,
        meanLogProbability: mean,
        leastLogProbability: least,
      });
      expect(probability).toBeGreaterThanOrEqual(0);
      expect(probability).toBeLessThanOrEqual(
        probabilityRight(calibration, { ...signals, meanLogProbability: 0, leastLogProbability: 0 }),
      );
    }),
  );
});

it.each([
  '',
  '{',
  '{}',
  '[]',
  JSON.stringify({ ...calibration, version: 2 }),
  JSON.stringify({ ...calibration, bias: 'x' }),
])('refuses %s', (text) => {
  expect(() => parseCalibration(text, 'confidence.json')).toThrow(expect.objectContaining({ code: 'model-damaged' }));
});
