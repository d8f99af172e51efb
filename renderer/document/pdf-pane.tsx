/** The PDF itself: zoom, find, page thumbnails, and the passage that an answer looked at. */
import { ChevronLeft, ChevronRight, Images, ListTree, MoveHorizontal, ZoomIn, ZoomOut } from 'lucide-react';
import type { PDFDocumentProxy } from 'pdfjs-dist';
import { type RefObject, useEffect, useRef, useState } from 'react';
import 'pdfjs-dist/web/pdf_viewer.css';
import type { DocumentDetails, DocumentEntry } from '../../electron/contract.ts';
import type { RecognisedWord } from '../../engine/documents/recognition/recogniser.ts';
import { bridge, fileAddress } from '../bridge/bridge.ts';
import { useDetails } from '../details/use-details.ts';
import { count } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { store } from '../state/store.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { FindBar } from './find-bar.tsx';
import { Outline } from './outline.tsx';
import { PagePassword } from './page-password.tsx';
import { DocumentViewer } from './pdf-viewer.ts';
import { Recognised } from './recognised-note.tsx';
import { Thumbnails } from './thumbnails.tsx';

const ZOOM = 1.2;

interface Asked {
  readonly wrong: boolean;
  readonly give: (password: string | null) => void;
}

type Panel = 'thumbnails' | 'outline' | undefined;

export function PdfPane({ entry }: { readonly entry: DocumentEntry }) {
  const container = useRef<HTMLDivElement>(null);
  const details = useDetails(entry);
  const shown = usePdf(container, entry.id, useWords(entry.id, details));
  const { viewer, pdf, failed, page, matches, asked } = shown;
  const [panel, setPanel] = useState<Panel>();
  const place = useAppState((state) => state.place);

  useEffect(() => {
    if (place) viewer?.showPassage(place.page, place.passage);
  }, [viewer, place]);

  const show = (chosen: number) => viewer?.show(chosen);
  return (
    <>
      <Toolbar
        viewer={viewer}
        page={page}
        pages={pdf?.numPages ?? 0}
        details={details}
        matches={matches}
        panel={panel}
        onPanel={setPanel}
      />
      <Recognised page={page} details={details} />
      {failed && <p className="failure">{strings.document.failed}</p>}
      {!pdf && !failed && !asked && <p className="quiet empty">{strings.document.loading}</p>}
      {asked && <PagePassword wrong={asked.wrong} onGive={asked.give} />}
      <div className="pages">
        {panel === 'thumbnails' && pdf && (
          <Thumbnails pdf={pdf} page={page} labels={details?.labels ?? []} onChoose={show} />
        )}
        {panel === 'outline' && details && <Outline outline={details.outline} onChoose={show} />}
        <div className="viewer-frame">
          {/* biome-ignore lint/a11y/useSemanticElements: pdf.js insists on a div. */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
          <div className="viewer" ref={container} tabIndex={0} role="region" aria-label={strings.document.title}>
            <div className="pdfViewer" />
          </div>
        </div>
      </div>
    </>
  );
}

/** The words of a recognised page, asked for when it is drawn. */
function useWords(document: string, details: DocumentDetails | undefined) {
  const known = useRef(details);
  known.current = details;
  return useRef(async (page: number): Promise<readonly RecognisedWord[]> => {
    const recognised = known.current?.recognised.some((each) => each.page === page) ?? true;
    return recognised ? bridge.getWords({ document, page }).catch(() => []) : [];
  }).current;
}

/** pdf.js's viewer in the container, as long as the pane is there. */
function usePdf(
  container: RefObject<HTMLDivElement | null>,
  document: string,
  wordsOf: (page: number) => Promise<readonly RecognisedWord[]>,
) {
  const [viewer, setViewer] = useState<DocumentViewer>();
  const [pdf, setPdf] = useState<PDFDocumentProxy>();
  const [failed, setFailed] = useState(false);
  const [page, setPage] = useState(1);
  const [matches, setMatches] = useState({ at: 0, total: 0 });
  const [asked, setAsked] = useState<Asked>();
  useEffect(() => {
    if (!container.current) return;
    const opened = new DocumentViewer(container.current, fileAddress(document), {
      onPages: () => setPage(1),
      onPage: setPage,
      onMatches: (at, total) => setMatches({ at, total }),
      onPassword: (wrong) =>
        new Promise((resolve) => {
          setAsked({
            wrong,
            give: (password) => {
              setAsked(undefined);
              resolve(password);
            },
          });
        }),
      onPassageMissing: (missing) => store.getState().notify(strings.document.passageNotFound(count(missing))),
      wordsOf,
    });
    let closed = false;
    opened.open().then(
      (proxy) => !closed && setPdf(proxy),
      () => !closed && setFailed(true),
    );
    setViewer(opened);
    return () => {
      closed = true;
      void opened.close();
    };
  }, [container, document, wordsOf]);
  return { viewer, pdf, failed, page, matches, asked };
}

interface ToolbarProps {
  readonly viewer: DocumentViewer | undefined;
  readonly page: number;
  readonly pages: number;
  readonly details: DocumentDetails | undefined;
  readonly matches: { readonly at: number; readonly total: number };
  readonly panel: Panel;
  readonly onPanel: (panel: Panel) => void;
}

function Toolbar({ viewer, page, pages, details, matches, panel, onPanel }: ToolbarProps) {
  const [query, setQuery] = useState('');
  const label = details?.labels.find((each) => each.page === page)?.label;
  const toggle = (wanted: Panel) => onPanel(panel === wanted ? undefined : wanted);
  return (
    <div className="toolbar">
      <IconButton
        label={strings.document.thumbnails}
        aria-pressed={panel === 'thumbnails'}
        onClick={() => toggle('thumbnails')}
      >
        <Images />
      </IconButton>
      {(details?.outline.length ?? 0) > 0 && (
        <IconButton
          label={strings.document.outline}
          aria-pressed={panel === 'outline'}
          onClick={() => toggle('outline')}
        >
          <ListTree />
        </IconButton>
      )}
      <IconButton label={strings.document.previous} disabled={page <= 1} onClick={() => viewer?.show(page - 1)}>
        <ChevronLeft />
      </IconButton>
      <label className="page">
        <span className="hidden">{strings.document.page}</span>
        <input
          type="number"
          min={1}
          max={pages || 1}
          value={page}
          data-testid="page"
          onChange={({ target }) => viewer?.show(target.valueAsNumber)}
        />
        <span className="small quiet">{strings.document.of(count(pages))}</span>
        {label !== undefined && (
          <span className="small" title={strings.document.labelHint} data-testid="page-label">
            {strings.document.label(label)}
          </span>
        )}
      </label>
      <IconButton label={strings.document.next} disabled={page >= pages} onClick={() => viewer?.show(page + 1)}>
        <ChevronRight />
      </IconButton>
      <IconButton label={strings.document.zoomOut} onClick={() => viewer?.zoom(1 / ZOOM)}>
        <ZoomOut />
      </IconButton>
      <IconButton label={strings.document.zoomIn} onClick={() => viewer?.zoom(ZOOM)}>
        <ZoomIn />
      </IconButton>
      <IconButton label={strings.document.fitWidth} onClick={() => viewer?.fitWidth()}>
        <MoveHorizontal />
      </IconButton>
      <FindBar
        query={query}
        onQuery={(words) => {
          setQuery(words);
          viewer?.find(words);
        }}
        onMove={(forward) => viewer?.find(query, forward ? 'next' : 'previous')}
        matches={matches}
      />
    </div>
  );
}
