/** The text that was read, page by page. */
import { ListTree } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { DocumentEntry } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { useDetails } from '../details/use-details.ts';
import { IconButton } from '../icon-button.tsx';
import { attempt } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { FindBar } from './find-bar.tsx';
import { clearHighlight, highlight } from './highlights.ts';
import { Outline } from './outline.tsx';
import { findPassage } from './passages.ts';
import { Recognised } from './recognised-note.tsx';

interface TextPage {
  readonly number: number;
  readonly text: string;
}

export function TextPane({ entry }: { readonly entry: DocumentEntry }) {
  const document = entry.id;
  const details = useDetails(entry);
  const [outlined, setOutlined] = useState(false);
  const [pages, setPages] = useState<readonly TextPage[]>();
  const container = useRef<HTMLElement>(null);
  const place = useAppState((state) => state.place);
  // biome-ignore lint/correctness/useExhaustiveDependencies: its text may have been taken out anew, or put back.
  useEffect(() => {
    void attempt(async () => setPages(await bridge.getPages({ document })));
  }, [document, entry.pages, entry.state, entry.tokens]);
  useEffect(() => {
    if (!pages || !place) return;
    const page = container.current?.querySelector(`[data-page="${place.page}"]`);
    const ranges = page ? findPassage(page, place.passage) : [];
    if (ranges.length > 0) highlight('passage', ranges);
    (ranges[0]?.startContainer.parentElement ?? page)?.scrollIntoView({ block: 'center' });
    return () => clearHighlight('passage');
  }, [pages, place]);
  const find = useFind(container, pages);
  if (!pages) return <p className="quiet empty">{strings.document.loading}</p>;
  return (
    <>
      <div className="toolbar">
        {(details?.outline.length ?? 0) > 0 && (
          <IconButton label={strings.document.outline} aria-pressed={outlined} onClick={() => setOutlined(!outlined)}>
            <ListTree />
          </IconButton>
        )}
        <FindBar {...find} />
      </div>
      <Recognised page={1} details={details} />
      <div className="pages">
        {outlined && details && (
          <Outline
            outline={details.outline}
            onChoose={(page) => container.current?.querySelector(`[data-page="${page}"]`)?.scrollIntoView()}
          />
        )}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
        <section className="text" ref={container} tabIndex={0} aria-label={strings.document.title}>
          {pages.map(({ number, text }) => (
            <section key={number} data-page={number} aria-label={strings.document.thumbnail(number)}>
              <span className="page-number small quiet">{number}</span>
              <p>{text === '' ? strings.document.empty : text}</p>
            </section>
          ))}
        </section>
      </div>
    </>
  );
}

/** Finds words in the text that is shown, and marks them. */
function useFind(container: React.RefObject<HTMLElement | null>, pages: readonly TextPage[] | undefined) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const [ranges, setRanges] = useState<readonly Range[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other pages have other places.
  useEffect(() => {
    const found = query.trim() !== '' && container.current ? findAll(container.current, query.trim()) : [];
    setRanges(found);
    setAt(0);
    highlight('found', found);
    return () => clearHighlight('found');
  }, [query, pages, container]);
  useEffect(() => {
    const here = ranges[at];
    highlight('found-here', here ? [here] : []);
    here?.startContainer.parentElement?.scrollIntoView({ block: 'center' });
    return () => clearHighlight('found-here');
  }, [at, ranges]);
  const total = ranges.length;
  return {
    query,
    onQuery: setQuery,
    onMove: (forward: boolean) => total > 0 && setAt((before) => (before + (forward ? 1 : total - 1)) % total),
    matches: { at: total === 0 ? 0 : at + 1, total },
  };
}

function findAll(container: Element, query: string): Range[] {
  const found: Range[] = [];
  const wanted = query.toLowerCase();
  for (const paragraph of container.querySelectorAll('p')) {
    const node = paragraph.firstChild;
    if (!(node instanceof Text)) continue;
    const text = node.data.toLowerCase();
    for (let start = text.indexOf(wanted); start >= 0; start = text.indexOf(wanted, start + wanted.length)) {
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, Math.min(node.length, start + wanted.length));
      found.push(range);
    }
  }
  return found;
}
