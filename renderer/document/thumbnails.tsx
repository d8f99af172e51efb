/** Small pictures of the pages, drawn when they come into view. */
import type { PDFDocumentProxy } from 'pdfjs-dist';
import { useEffect, useRef } from 'react';
import type { DocumentDetails } from '../../electron/contract.ts';
import { strings } from '../strings.ts';

const WIDTH = 96;

interface ThumbnailsProps {
  readonly pdf: PDFDocumentProxy;
  readonly page: number;
  /** What the document calls its pages. */
  readonly labels: DocumentDetails['labels'];
  readonly onChoose: (page: number) => void;
}

export function Thumbnails({ pdf, page, labels, onChoose }: ThumbnailsProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector(`[data-thumbnail="${page}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [page]);
  return (
    <ul className="thumbnails" ref={list} aria-label={strings.document.thumbnails}>
      {Array.from({ length: pdf.numPages }, (_, index) => index + 1).map((number) => (
        <li key={number} data-thumbnail={number}>
          <button
            type="button"
            aria-label={strings.document.thumbnail(number)}
            aria-current={number === page ? 'true' : undefined}
            onClick={() => onChoose(number)}
          >
            <Thumbnail pdf={pdf} number={number} />
            <span className="small">{labels.find((each) => each.page === number)?.label ?? number}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Thumbnail({ pdf, number }: { readonly pdf: PDFDocumentProxy; readonly number: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      draw(pdf, number, element).catch(() => {}); // A page that can't be drawn stays white.
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [pdf, number]);
  return <canvas ref={canvas} width={WIDTH} height={WIDTH * 1.4} />;
}

async function draw(pdf: PDFDocumentProxy, number: number, canvas: HTMLCanvasElement): Promise<void> {
  const page = await pdf.getPage(number);
  const { width } = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: (WIDTH * devicePixelRatio) / width });
  canvas.width = viewport.width;
  canvas.height = viewport.height;
  await page.render({ canvas, viewport }).promise;
}
