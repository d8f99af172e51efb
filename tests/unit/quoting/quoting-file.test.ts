import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkHeads, parseQuotingFile, quotingIds } from '../../../engine/quoting/quoting-file.ts';
import { quotingFile } from './example.ts';

const codeOf = (work: () => unknown) => {
  try {
    work();
    return 'accepted';
  } catch (cause) {
    return (cause as { code: string }).code;
  }
};

it('takes what it should, with and without a confidence', () => {
  expect(parseQuotingFile(JSON.stringify(quotingFile))).toEqual(quotingFile);
  const confidence = { fitted: 'a test', bias: 0, weights: { taken: 1, found: 1, pointed: 1 }, refuseBelow: 0.2 };
  expect(parseQuotingFile(JSON.stringify({ ...quotingFile, confidence })).confidence).toEqual(confidence);
});

it.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ ...quotingFile, version: 2 })],
  ['more than it knows', JSON.stringify({ ...quotingFile, run: 'rm' })],
  ['a head that is no number', JSON.stringify({ ...quotingFile, finder: { layer: '5', keyValueHead: 0 } })],
  ['a negative layer', JSON.stringify({ ...quotingFile, finder: { layer: -1, keyValueHead: 0 } })],
  ['a thousand candidates', JSON.stringify({ ...quotingFile, candidates: { attention: 1000, words: 4 } })],
  ['no candidates', JSON.stringify({ ...quotingFile, candidates: { attention: 0, words: 4 } })],
  ['a refusal that a terminal would obey', JSON.stringify({ ...quotingFile, refusal: 'no \u001b[2J answer' })],
  ['an infinite weight', JSON.stringify({ ...quotingFile, findingWeight: 1e300 })],
  ['a hundred thousand words', JSON.stringify({ ...quotingFile, functionWords: new Array(100_000).fill('a') })],
])('refuses %s', (_, text) => {
  expect(codeOf(() => parseQuotingFile(text))).toBe('model-damaged');
});

it('refuses heads that the model has not', () => {
  const heads = { layers: 8, keyValueHeads: 2, ratio: 2 };
  expect(codeOf(() => checkHeads(quotingFile, heads))).toBe('accepted');
  expect(codeOf(() => checkHeads(quotingFile, { ...heads, layers: 7 }))).toBe('model-damaged');
  expect(codeOf(() => checkHeads(quotingFile, { ...heads, keyValueHeads: 1 }))).toBe('model-damaged');
  expect(codeOf(() => checkHeads(quotingFile, { ...heads, ratio: 1 }))).toBe('model-damaged');
});

it('refuses tokens that the tokenizer has not', () => {
  const tokenizer = { tokenId: (token: string) => (token === '<|so|>' ? 4 : undefined), encodeText: () => [7, 8] };
  expect(codeOf(() => quotingIds(quotingFile, tokenizer))).toBe('model-damaged');
  expect(quotingIds(quotingFile, { ...tokenizer, tokenId: () => 3 })).toEqual({ so: 3, end: 3, refusal: [7, 8] });
  expect(codeOf(() => quotingIds(quotingFile, { tokenId: () => 3, encodeText: () => [7] }))).toBe('model-damaged');
});

it('is what the export writes', () => {
  const source = readFileSync(`${import.meta.dirname}/../../../build/model/quoting/export.py`, 'utf8');
  const written = source.slice(source.indexOf('def quoting('), source.indexOf('def under_public_names'));
  for (const name of Object.keys(quotingFile)) expect(written).toContain(`"${name}"`);
});
