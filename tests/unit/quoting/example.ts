import type { QuotingFile } from '../../../engine/quoting/quoting-file.ts';

export const quotingFile: QuotingFile = {
  version: 1,
  candidates: { attention: 4, words: 4 },
  finder: { layer: 5, keyValueHead: 0 },
  start: { layer: 7, keyValueHead: 1, queryHead: 0 },
  end: { layer: 7, keyValueHead: 1, queryHead: 1 },
  tokens: { so: '<|so|>', end: '<|end|>' },
  refusal: 'The document does not say.',
  functionWords: ['the', 'of', 'is', 'what', 'who', 'did', 'in'],
  findingWeight: 1.5,
};
