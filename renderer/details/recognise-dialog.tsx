/** Asks before scanned pages are recognised: how many, how long it takes, in which language. */
import { useId, useState } from 'react';
import type { DocumentEntry } from '../../electron/contract.ts';
import { LANGUAGES, type Language, USUAL_LANGUAGE } from '../../engine/documents/recognition/languages.ts';
import { duration, plural } from '../../engine/words/amounts.ts';
import { bridge } from '../bridge/bridge.ts';
import { Modal } from '../dialogs/modal.tsx';
import { attempt } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

export function RecogniseDialog({ document }: { readonly document: string }) {
  const entry = useAppState((state) => state.documents[document]);
  const close = useAppState((state) => state.closeDialog);
  const [language, setLanguage] = useState<Language>(USUAL_LANGUAGE);
  const id = useId();
  if (!entry) return null;
  const { offered, recognised } = entry.scans;
  const act = (work: () => Promise<unknown>) => {
    close();
    void attempt(work);
  };
  return (
    <Modal title={strings.scans.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act(() => bridge.recognise({ document, language }));
        }}
      >
        <p>
          {offered
            ? strings.scans.offered(plural(offered.pages, 'scanned page'), duration(offered.seconds))
            : strings.scans.recognised(plural(recognised, 'page'))}
        </p>
        <p className="quiet small">{strings.scans.hint}</p>
        <label htmlFor={id}>{strings.scans.language}</label>
        <select id={id} value={language} onChange={({ target }) => setLanguage(target.value as Language)}>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
        <menu>
          <Otherwise entry={entry} act={act} />
          <button type="submit" className="primary">
            {strings.scans.recognise}
          </button>
        </menu>
      </form>
    </Modal>
  );
}

interface OtherwiseProps {
  readonly entry: DocumentEntry;
  readonly act: (work: () => Promise<unknown>) => void;
}

/** Where there are other pages, they can be read without the scans. */
function Otherwise({ entry, act }: OtherwiseProps) {
  const close = useAppState((state) => state.closeDialog);
  const others = entry.pages - (entry.scans.offered?.pages ?? 0);
  if (entry.state !== 'asking' || others <= 0) {
    return (
      <button type="button" onClick={close}>
        {strings.scans.notNow}
      </button>
    );
  }
  return (
    <button type="button" onClick={() => act(() => bridge.goWithoutScans({ document: entry.id }))}>
      {strings.scans.without(plural(others, 'other page'))}
    </button>
  );
}
