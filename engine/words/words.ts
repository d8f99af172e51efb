/** The words for every failure: one sentence of cause, one of way out. The only place that has them. */
import type { ErrorCode, Failure } from '../errors.ts';
import { documentWords } from './documents.ts';
import { engineWords } from './engine.ts';
import { ggufWords } from './gguf.ts';
import { modelWords } from './models.ts';
import { storageWords } from './storage.ts';
import type { Front, Words, WordsOf } from './wording.ts';

export type { Front, Words } from './wording.ts';

const WORDS: WordsOf<ErrorCode> = { ...documentWords, ...ggufWords, ...modelWords, ...engineWords, ...storageWords };

export function wordsFor({ code, detail }: Failure, front: Front): Words {
  return (WORDS[code] as (detail: unknown, front: Front) => Words)(detail, front);
}

/** Cause and way out, one after the other. */
export function sentencesFor(failure: Failure, front: Front): string {
  const { cause, wayOut } = wordsFor(failure, front);
  return wayOut === '' ? cause : `${cause} ${wayOut}`;
}
