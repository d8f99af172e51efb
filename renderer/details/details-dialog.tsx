/** What is to be known of a document: its size, what could not be read, what was recognised, and what was left out of its text. */
import { CircleAlert } from 'lucide-react';
import { useState } from 'react';
import type { DocumentDetails, DocumentEntry } from '../../electron/contract.ts';
import type { LeftOut } from '../../engine/documents/document.ts';
import { pageList } from '../../engine/words/note-words.ts';
import { bridge } from '../bridge/bridge.ts';
import { Modal } from '../dialogs/modal.tsx';
import { bytes, count, percent } from '../format.ts';
import { attempt } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { useDetails } from './use-details.ts';

export function DetailsDialog({ document }: { readonly document: string }) {
  const entry = useAppState((state) => state.documents[document]);
  if (!entry) return null;
  return (
    <Modal title={strings.details.title}>
      <Details entry={entry} />
    </Modal>
  );
}

function Details({ entry }: { readonly entry: DocumentEntry }) {
  const [changes, setChanges] = useState(0);
  const details = useDetails(entry, changes);
  const putBack = (wanted: boolean) =>
    attempt(async () => {
      await bridge.putBack({ document: entry.id, putBack: wanted });
      setChanges(changes + 1);
    });
  return (
    <div className="details">
      <Facts entry={entry} />
      {entry.warnings.map((warning) => (
        <p key={warning} className="warning">
          <CircleAlert aria-hidden="true" /> {warning}
        </p>
      ))}
      <Scans entry={entry} details={details} />
      {details && <LeftOutList details={details} onPutBack={(wanted) => void putBack(wanted)} />}
    </div>
  );
}

function Facts({ entry }: { readonly entry: DocumentEntry }) {
  const facts = [
    [strings.details.file, entry.name],
    [strings.details.size, bytes(entry.bytes)],
    [strings.details.pages, count(entry.pages)],
    [strings.details.tokens, entry.tokens === null ? strings.details.unknown : count(entry.tokens)],
  ] as const;
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface PartProps {
  readonly entry: DocumentEntry;
  readonly details: DocumentDetails | undefined;
}

function Scans({ entry, details }: PartProps) {
  const openDialog = useAppState((state) => state.openDialog);
  // Those that are least to be trusted first.
  const recognised = [...(details?.recognised ?? [])].sort((one, other) => one.confidence - other.confidence);
  if (recognised.length === 0 && !entry.scans.offered) return null;
  return (
    <section>
      <h3>{strings.details.recognised}</h3>
      {recognised.length > 0 && (
        <ul className="confidences" aria-label={strings.details.recognised}>
          {recognised.map(({ page, confidence }) => (
            <li key={page}>{strings.details.confidence(count(page), percent(confidence))}</li>
          ))}
        </ul>
      )}
      <button type="button" onClick={() => openDialog({ kind: 'recognise', document: entry.id })}>
        {recognised.length > 0 ? strings.scans.again : strings.scans.open}
      </button>
    </section>
  );
}

interface LeftOutProps {
  readonly details: DocumentDetails;
  readonly onPutBack: (wanted: boolean) => void;
}

function LeftOutList({ details: { leftOut, putBack }, onPutBack }: LeftOutProps) {
  return (
    <section>
      <h3>{strings.details.leftOut}</h3>
      {leftOut.length === 0 ? (
        <p className="quiet">{strings.details.nothingLeftOut}</p>
      ) : (
        <>
          <ul className="left-out" aria-label={strings.details.leftOut} data-put-back={putBack}>
            {grouped(leftOut).map(({ text, reason, pages }) => (
              <li key={`${reason} ${text}`}>
                <q>{text}</q>
                <span className="quiet small">
                  {strings.details.reasons[reason]}, {pageList(pages)}
                </span>
              </li>
            ))}
          </ul>
          <p>
            <button type="button" onClick={() => onPutBack(!putBack)}>
              {putBack ? strings.details.leaveOut : strings.details.putBack}
            </button>{' '}
            <span className="quiet small">{putBack ? strings.details.isPutBack : strings.details.putBackHint}</span>
          </p>
        </>
      )}
    </section>
  );
}

interface Group {
  readonly text: string;
  readonly reason: LeftOut['reason'];
  readonly pages: readonly number[];
}

/** The same words once, and all page numbers as one: each text with the pages that it was left out of. */
function grouped(leftOut: readonly LeftOut[]): Group[] {
  const groups = new Map<string, { text: string; reason: LeftOut['reason']; pages: number[] }>();
  for (const { text, reason, page } of leftOut) {
    const key = reason === 'page number' ? reason : `${reason} ${text}`;
    const group = groups.get(key);
    if (!group) groups.set(key, { text, reason, pages: [page] });
    else if (group.pages.at(-1) !== page) group.pages.push(page);
  }
  return [...groups.values()];
}
