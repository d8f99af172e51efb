/** The document beside the conversation: the PDF itself, or the text that was read. */
import { X } from 'lucide-react';
import { IconButton } from '../icon-button.tsx';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { PdfPane } from './pdf-pane.tsx';
import { TextPane } from './text-pane.tsx';

export function DocumentPane() {
  const document = useAppState((state) => (state.document ? state.documents[state.document] : undefined));
  const setPaneOpen = useAppState((state) => state.setPaneOpen);
  if (!document) return null;
  return (
    <aside className="pane" aria-label={strings.document.title}>
      <header>
        <h2 className="ellipsis">{document.name}</h2>
        <IconButton label={strings.document.hide} onClick={() => setPaneOpen(false)}>
          <X />
        </IconButton>
      </header>
      {document.state !== 'stored' && document.state !== 'asking' ? (
        <p className="quiet empty">{strings.document.loading}</p>
      ) : document.kind === 'pdf' ? (
        <PdfPane key={document.id} entry={document} />
      ) : (
        <TextPane key={document.id} entry={document} />
      )}
    </aside>
  );
}
