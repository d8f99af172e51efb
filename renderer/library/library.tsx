/** The documents, with what is becoming of each; adding, searching, settings. */
import { ClipboardPaste, FilePlus, Settings } from 'lucide-react';
import { useRef } from 'react';
import { IconButton } from '../icon-button.tsx';
import { addFiles } from '../state/actions.ts';
import { inOrder } from '../state/documents.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { DocumentItem } from './document-item.tsx';
import { EngineLine } from './engine-line.tsx';
import { Search } from './search.tsx';

export function Library() {
  const documents = useAppState((state) => state.documents);
  const formats = useAppState((state) => state.formats);
  const loaded = useAppState((state) => state.loaded);
  const openDialog = useAppState((state) => state.openDialog);
  const entries = inOrder(documents);
  return (
    <aside className="library" aria-label={strings.library.title}>
      <header>
        <h1>
          <img src="./icon.svg" alt="" width="22" height="22" />
          {strings.name}
        </h1>
        <IconButton label={strings.library.paste} onClick={() => openDialog({ kind: 'paste' })}>
          <ClipboardPaste />
        </IconButton>
        <IconButton label={strings.library.settings} onClick={() => openDialog({ kind: 'settings' })}>
          <Settings />
        </IconButton>
      </header>
      <AddButton />
      <p className="quiet small">{formats.length > 0 && strings.library.formats(formats)}</p>
      <Search />
      {entries.length > 0 ? (
        <ul className="documents">
          {entries.map((entry) => (
            <DocumentItem key={entry.id} entry={entry} />
          ))}
        </ul>
      ) : (
        loaded && <p className="quiet empty">{strings.library.empty}</p>
      )}
      <EngineLine />
    </aside>
  );
}

function AddButton() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="primary add" onClick={() => input.current?.click()}>
        <FilePlus /> {strings.library.add}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="files"
        onChange={({ target }) => {
          const files = [...(target.files ?? [])].map((file) => ({ name: file.name, content: file }));
          target.value = '';
          void addFiles(files);
        }}
      />
    </>
  );
}
