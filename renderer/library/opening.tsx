/** A document whose text is being taken out of its file: how far it is, pausing and stopping it. */
import { Pause, Play, Square } from 'lucide-react';
import type { DocumentEntry, OpeningState } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { count, seconds } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function Opening({ entry: { id, opening } }: { readonly entry: DocumentEntry }) {
  const text = opening ? wordsOf(opening) : strings.library.opening;
  const paused = opening?.paused ?? false;
  return (
    <div className="state small" data-opening={opening?.stage ?? 'reading'} data-paused={paused}>
      <progress aria-label={text} value={opening?.done} max={opening?.total} />
      <span className="numbers">{text}</span>
      {opening && (
        <IconButton
          label={paused ? strings.library.resumeOpening : strings.library.pauseOpening}
          onClick={() => void attempt(() => bridge.pauseOpening({ document: id, paused: !paused }))}
        >
          {paused ? <Play /> : <Pause />}
        </IconButton>
      )}
      <IconButton
        label={strings.library.stopOpening}
        onClick={() => void attempt(() => bridge.cancelOpening({ document: id }))}
      >
        <Square />
      </IconButton>
    </div>
  );
}

function wordsOf({ stage, done, total, secondsLeft, paused }: OpeningState): string {
  // Pages are looked at and recognised one after the other: it is the next one's turn.
  const page = stage === 'recognising' ? Math.min(done + 1, total) : done;
  const words = strings.library.stages[stage](count(page), count(total));
  if (paused) return strings.library.pausedOpening(words);
  return secondsLeft === undefined || secondsLeft <= 0
    ? words
    : `${words} · ${strings.library.left(seconds(secondsLeft))}`;
}
