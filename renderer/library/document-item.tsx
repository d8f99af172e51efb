/** One document of the library. */

import { CircleAlert, Info, Lock, Pause, Play, ScanText, Square, Trash2 } from 'lucide-react';
import type { DocumentEntry } from '../../electron/contract.ts';
import { duration, plural } from '../../engine/words/amounts.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { count, percent, seconds } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { attempt, choose, removeDocument } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { Opening } from './opening.tsx';

export function DocumentItem({ entry }: { readonly entry: DocumentEntry }) {
  const selected = useAppState((state) => state.document === entry.id);
  const openDialog = useAppState((state) => state.openDialog);
  const { id, title, pages, tokens } = entry;
  const size = [
    pages > 0 && (pages === 1 ? strings.library.onePage : strings.library.pages(count(pages))),
    tokens !== null && strings.library.tokens(count(tokens)),
  ].filter(Boolean);
  const remove = () =>
    openDialog({
      kind: 'confirm',
      title: strings.library.removeTitle,
      text: strings.library.removeConfirm(title),
      action: strings.library.remove,
      run: () => void removeDocument(id),
    });
  return (
    <li className="document" data-selected={selected} data-document={id}>
      <button
        type="button"
        className="title"
        aria-current={selected ? 'true' : undefined}
        onClick={() => void attempt(() => choose(id))}
      >
        <strong>{title}</strong>
        <span className="small quiet">{size.join(' · ')}</span>
      </button>
      <span className="item-buttons">
        <IconButton
          label={strings.library.details(title)}
          onClick={() => openDialog({ kind: 'details', document: id })}
        >
          <Info />
        </IconButton>
        <IconButton label={`${strings.library.remove}: ${title}`} onClick={remove}>
          <Trash2 />
        </IconButton>
      </span>
      <State entry={entry} />
      {/* While the reader is asked about scans, that says it all; the details have the rest. */}
      {(entry.state === 'asking' ? [] : entry.warnings).map((warning) => (
        <p key={warning} className="warning small">
          <CircleAlert aria-hidden="true" /> {warning}
        </p>
      ))}
    </li>
  );
}

function State({ entry }: { readonly entry: DocumentEntry }) {
  const openDialog = useAppState((state) => state.openDialog);
  if (entry.state === 'queued') return <p className="state small">{strings.library.queued}</p>;
  if (entry.state === 'opening') return <Opening entry={entry} />;
  if (entry.state === 'locked') {
    return (
      <p className="state small">
        <Lock aria-hidden="true" /> {strings.library.locked}
        <button type="button" onClick={() => openDialog({ kind: 'password', document: entry.id })}>
          {strings.library.unlock}
        </button>
      </p>
    );
  }
  if (entry.state === 'asking') return <Asking entry={entry} />;
  if (entry.state === 'failed') return <Failed entry={entry} />;
  return <Reading entry={entry} />;
}

/** Scanned pages, and whether their words are to be recognised. */
function Asking({ entry: { id, scans } }: { readonly entry: DocumentEntry }) {
  const openDialog = useAppState((state) => state.openDialog);
  const { pages, seconds: taken } = scans.offered ?? { pages: 0, seconds: 0 };
  return (
    <p className="state small" data-asking="true">
      <ScanText aria-hidden="true" /> {strings.library.scans(plural(pages, 'scanned page'), duration(taken))}
      <button type="button" onClick={() => openDialog({ kind: 'recognise', document: id })}>
        {strings.scans.open}
      </button>
    </p>
  );
}

function Failed({ entry: { id, failure } }: { readonly entry: DocumentEntry }) {
  return (
    <>
      <Failure failure={failure} fallback={strings.library.failed} />
      <p className="state small">
        <button type="button" onClick={() => void attempt(() => bridge.openAgain({ document: id }))}>
          {strings.library.openAgain}
        </button>
      </p>
    </>
  );
}

function Failure({ failure, fallback }: { readonly failure: DocumentEntry['failure']; readonly fallback: string }) {
  return (
    <p className="state failure small">
      <CircleAlert aria-hidden="true" /> {failure ? `${sentencesFor(failure, 'app')}` : fallback}
    </p>
  );
}

function Reading({ entry }: { readonly entry: DocumentEntry }) {
  const { state, failure, pages } = entry.reading;
  if (state === 'reading' || state === 'paused') return <UnderWay entry={entry} />;
  if (state === 'unfit' || state === 'failed') {
    return (
      <>
        <Failure failure={failure} fallback={strings.library.unfit} />
        <p className="state small">
          <WhatFits document={entry.id} />
        </p>
      </>
    );
  }
  return (
    <>
      <AtRest document={entry.id} state={state} />
      {pages && <p className="warning small">{strings.fit.partRead(count(pages.first), count(pages.last))}</p>}
    </>
  );
}

function WhatFits({ document }: { readonly document: string }) {
  const openDialog = useAppState((state) => state.openDialog);
  return (
    <button type="button" onClick={() => openDialog({ kind: 'fit', document })}>
      {strings.library.whatFits}
    </button>
  );
}

const AT_REST = { none: strings.library.notRead, waiting: strings.library.waiting, read: strings.library.read };

function AtRest({ document, state }: { readonly document: string; readonly state: keyof typeof AT_REST }) {
  return (
    <p className="state small" data-reading={state}>
      {AT_REST[state]}
      {state === 'none' && (
        <button type="button" onClick={() => void attempt(() => bridge.read({ document }))}>
          {strings.library.readNow}
        </button>
      )}
      {state !== 'waiting' && <WhatFits document={document} />}
    </p>
  );
}

function UnderWay({ entry: { id, pages, reading } }: { readonly entry: DocumentEntry }) {
  const { done, total } = reading;
  const paused = reading.state === 'paused';
  const share = percent(total > 0 ? done / total : 0);
  return (
    <div className="state small" data-reading={reading.state}>
      <progress aria-label={strings.library.reading(share)} value={done} max={total || 1} />
      <span className="numbers">
        {paused ? strings.library.paused(share) : strings.library.reading(share)}
        {reading.page > 0 && ` · ${strings.library.readingPage(count(reading.page), count(pages))}`}
        {!paused && done > 0 && <Speed reading={reading} />}
      </span>
      <IconButton
        label={paused ? strings.library.resume : strings.library.pause}
        onClick={() => void attempt(() => bridge.pauseReading({ document: id, paused: !paused }))}
      >
        {paused ? <Play /> : <Pause />}
      </IconButton>
      <IconButton
        label={strings.library.cancelReading}
        onClick={() => void attempt(() => bridge.cancelReading({ document: id }))}
      >
        <Square />
      </IconButton>
    </div>
  );
}

function Speed({ reading: { done, total, seconds: taken } }: Pick<DocumentEntry, 'reading'>) {
  const rate = done / Math.max(taken, 1e-3);
  return (
    <>
      {' · '}
      {strings.library.speed(count(rate))}
      {' · '}
      {strings.library.left(seconds((total - done) / rate))}
    </>
  );
}
