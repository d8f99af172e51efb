/** A notice of the services in words. */
import type { Notice } from '../electron/contract.ts';
import { sentencesFor, wordsFor } from '../engine/words/words.ts';
import { strings } from './strings.ts';

export function noticeWords(notice: Notice): string {
  switch (notice.kind) {
    case 'engine-back':
      return strings.notices[notice.smallerPlan ? 'engine-back-smaller' : 'engine-back'];
    case 'engine-lost':
    case 'on-processor':
      return strings.notices[notice.kind](wordsFor(notice.failure, 'app').cause);
    case 'answer-not-kept':
      return strings.notices['answer-not-kept'](sentencesFor(notice.failure, 'app'));
    case 'failed':
      return sentencesFor(notice.failure, 'app');
  }
}
