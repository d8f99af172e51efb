/** One answer: its text as it comes, the pages it looked at, what was read. */

import { Check, CircleAlert, Copy } from 'lucide-react';
import { useId, useState } from 'react';
import type { TurnAnswer } from '../../electron/contract.ts';
import { splitThinking } from '../../engine/thinking.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { count, percent } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { MarkdownText } from './markdown-text.tsx';

interface AnswerViewProps {
  readonly answer: TurnAnswer;
  /** In place of the text, where it is marked. */
  readonly children?: React.ReactNode;
}

export function AnswerView({ answer, children }: AnswerViewProps) {
  const { state, text, pagesRead, tokensRead, failure } = answer;
  const { thinking, answer: said } = splitThinking(text);
  return (
    <div className="answer" data-state={state}>
      {thinking && (
        <details className="thought quiet small">
          <summary>{said === '' ? strings.chat.thinking : strings.chat.thought}</summary>
          <p>{thinking}</p>
        </details>
      )}
      {children ?? (said !== '' && <MarkdownText text={said} />)}
      <output className="hidden">{state === 'done' ? `${strings.chat.answered} ${said}` : ''}</output>
      {(state === 'waiting' || (state === 'answering' && text === '')) && <Waiting answer={answer} />}
      {state === 'stopped' && <p className="quiet">{strings.chat.stopped}</p>}
      {failure && (
        <p className="failure">
          <CircleAlert aria-hidden="true" /> {sentencesFor(failure, 'app')}
        </p>
      )}
      {answer.closest.length > 0 ? <Closest closest={answer.closest} /> : <PageChips pages={answer.pages} />}
      {state === 'done' && (
        <p className="quiet small foot">
          {pagesRead !== null && tokensRead !== null && strings.chat.readWhole(count(pagesRead), count(tokensRead))}
          <CopyButton text={said} />
        </p>
      )}
    </div>
  );
}

function Waiting({ answer: { progress } }: { readonly answer: TurnAnswer }) {
  if (!progress) return <p className="quiet thinking">{strings.chat.thinking}</p>;
  const share = percent(progress.total > 0 ? progress.done / progress.total : 0);
  return (
    <p className="quiet">
      <progress value={progress.done} max={progress.total || 1} aria-label={strings.chat.waitingFor(share)} />
      {strings.chat.waitingFor(share)}
    </p>
  );
}

function PageChips({ pages }: Pick<TurnAnswer, 'pages'>) {
  const showPlace = useAppState((state) => state.showPlace);
  if (pages.length === 0) return null;
  return (
    <ul className="chips" aria-label={strings.chat.pages}>
      {pages.map(({ page, share, passage }) => (
        <li key={page}>
          <button
            type="button"
            className="chip"
            aria-label={strings.chat.pageLabel(count(page), percent(share))}
            onClick={() => showPlace(page, passage)}
          >
            {strings.chat.page(count(page), percent(share))}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** In place of an answer that could not be given. */
function Closest({ closest }: Pick<TurnAnswer, 'closest'>) {
  const showPlace = useAppState((state) => state.showPlace);
  const id = useId();
  return (
    <section className="closest" aria-labelledby={id}>
      <h4 id={id}>{strings.chat.closest}</h4>
      <ul>
        {closest.map(({ page, passage, foundBy }) => (
          <li key={page}>
            <button type="button" onClick={() => showPlace(page, passage)}>
              <span className="quiet small">{strings.chat.foundBy(count(page), foundBy)}</span>
              <q>{passage.replace(/\s+/g, ' ')}</q>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const COPIED_FOR = 1500;

function CopyButton({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_FOR);
  };
  return (
    <IconButton label={copied ? strings.chat.copied : strings.chat.copy} onClick={() => void copy()}>
      {copied ? <Check /> : <Copy />}
    </IconButton>
  );
}
