/** What was quoted, as an answer with its place: sure, a guess beside the closest passages, or refused in favour of them. */
import type { Answer, AnswerPage, ClosestPassage } from '../engine.ts';
import type { PageTokens } from '../evidence.ts';
import { SURE_ENOUGH } from '../passages/confidence.ts';
import type { Quoted } from '../quoting/quoter.ts';
import type { QuotingFile } from '../quoting/quoting-file.ts';
import type { SentenceTokens } from '../quoting/tokenise-sentences.ts';

export interface QuotedContext {
  readonly quoting: QuotingFile;
  readonly pages: readonly PageTokens[];
  /** What comes closest to the question, given what attention found, best first. */
  readonly closest: (byAttention: readonly AnswerPage[]) => ClosestPassage[];
}

/** quoted: undefined where the document has no sentence at all. */
export function quotedAnswer(
  quoted: Quoted | undefined,
  { quoting, pages, closest }: QuotedContext,
): Pick<Answer, 'answer' | 'pages' | 'confidence' | 'closest'> {
  const placeOf = (sentence: SentenceTokens): AnswerPage => ({
    page: pages.findLast(({ start }) => start <= sentence.start)?.page ?? 0,
    share: 1,
    passage: sentence.text,
  });
  const confidence = quoted?.confidence ?? null;
  const near = () => closest((quoted?.byAttention ?? []).map(placeOf));
  const border = quoting.confidence?.refuseBelow ?? 0;
  if (!quoted || quoted.text === '' || (confidence !== null && confidence < border))
    return { answer: quoting.refusal, pages: [], confidence, closest: near() };
  const isUnsure = confidence !== null && confidence < SURE_ENOUGH;
  return { answer: quoted.text, pages: [placeOf(quoted.sentence)], confidence, closest: isUnsure ? near() : [] };
}
