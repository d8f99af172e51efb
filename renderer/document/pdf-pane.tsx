/** The PDF itself: zoom, find, page thumbnails, and the passage that an answer looked at. */
import { ChevronLeft, ChevronRight, Images, MoveHorizontal, ZoomIn, ZoomOut } from 'lucide-react';
import type { PDFDocumentProxy } from 'pdfjs-dist';
import { useEffect, useRef, useState } from 'react';
import 'pdfjs-dist/web/pdf_viewer.css';
import { fileAddress } from '../bridge/bridge.ts';
import { count } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { store } from '../state/store.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { FindBar } from './find-bar.tsx';
import { PagePassword } from './page-password.tsx';
import { DocumentViewer } from './pdf-viewer.ts';
import { Thumbnails } from './thumbnails.tsx';

const ZOOM = 1.2;

interface Asked {
  readonly wrong: boolean;
  readonly give: (password: string | null) => void;
}

export function PdfPane({ document }: { readonly document: string }) {
  const container = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<DocumentViewer>();
  const [pdf, setPdf] = useState<PDFDocumentProxy>();
  const [failed, setFailed] = useState(false);
  const [page, setPage] = useState(1);
  const [matches, setMatches] = useState({ at: 0, total: 0 });
  const [asked, setAsked] = useState<Asked>();
  const [thumbnails, setThumbnails] = useState(false);
  const place = useAppState((state) => state.place);

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
  }, [document]);

  useEffect(() => {
    if (place) viewer?.showPassage(place.page, place.passage);
  }, [viewer, place]);

  return (
    <>
      <Toolbar
        viewer={viewer}
        page={page}
        pages={pdf?.numPages ?? 0}
        matches={matches}
        thumbnails={thumbnails}
        onThumbnails={() => setThumbnails(!thumbnails)}
      />
      {failed && <p className="failure">{strings.document.failed}</p>}
      {!pdf && !failed && !asked && <p className="quiet empty">{strings.document.loading}</p>}
      {asked && <PagePassword wrong={asked.wrong} onGive={asked.give} />}
      <div className="pages">
        {thumbnails && pdf && <Thumbnails pdf={pdf} page={page} onChoose={(chosen) => viewer?.show(chosen)} />}
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

interface ToolbarProps {
  readonly viewer: DocumentViewer | undefined;
  readonly page: number;
  readonly pages: number;
  readonly matches: { readonly at: number; readonly total: number };
  readonly thumbnails: boolean;
  readonly onThumbnails: () => void;
}

function Toolbar({ viewer, page, pages, matches, thumbnails, onThumbnails }: ToolbarProps) {
  const [query, setQuery] = useState('');
  return (
    <div className="toolbar">
      <IconButton label={strings.document.thumbnails} aria-pressed={thumbnails} onClick={onThumbnails}>
        <Images />
      </IconButton>
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
