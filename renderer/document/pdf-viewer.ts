/** pdf.js's viewer in a container, with a worker of its own; knows nothing of React. */
import * as pdfjs from 'pdfjs-dist';
import { EventBus, PDFFindController, PDFLinkService, PDFViewer } from 'pdfjs-dist/web/pdf_viewer.mjs';
import type { RecognisedWord } from '../../engine/documents/recognition/recogniser.ts';
import { clearHighlight, highlight } from './highlights.ts';
import { findPassage } from './passages.ts';
import { layWords } from './recognised-layer.ts';

/** Files that the build lays beside the screen. */
const RESOURCES = new URL('pdfjs/', document.baseURI).href;

export interface ViewerEvents {
  onPages(pages: number): void;
  onPage(page: number): void;
  onMatches(at: number, total: number): void;
  /** Resolves to the password, or to null where the reader gives none. */
  onPassword(wrong: boolean): Promise<string | null>;
  onPassageMissing(page: number): void;
  /** Words that were recognised on a page; none where it has text of its own. */
  wordsOf(page: number): Promise<readonly RecognisedWord[]>;
}

export class DocumentViewer {
  readonly #viewer: PDFViewer;
  readonly #links: PDFLinkService;
  readonly #bus = new EventBus();
  readonly #events: ViewerEvents;
  readonly #worker: pdfjs.PDFWorker;
  readonly #task: pdfjs.PDFDocumentLoadingTask;
  #pdf: pdfjs.PDFDocumentProxy | undefined;
  #passage: { page: number; text: string } | undefined;
  #query = '';

  constructor(container: HTMLDivElement, address: string, events: ViewerEvents) {
    this.#events = events;
    const port = new Worker(new URL('pdfjs-dist/build/pdf.worker.mjs', import.meta.url), { type: 'module' });
    this.#worker = new pdfjs.PDFWorker({ port } as never);
    this.#links = new PDFLinkService({ eventBus: this.#bus });
    // Links of a document lead nowhere outside: it is not trusted.
    this.#links.externalLinkEnabled = false;
    const findController = new PDFFindController({ linkService: this.#links, eventBus: this.#bus });
    this.#viewer = new PDFViewer({
      container,
      eventBus: this.#bus,
      linkService: this.#links,
      findController,
      annotationMode: pdfjs.AnnotationMode.ENABLE,
      annotationEditorMode: pdfjs.AnnotationEditorType.DISABLE,
    } as never);
    this.#links.setViewer(this.#viewer);
    this.#listen();
    this.#task = pdfjs.getDocument({
      url: address,
      worker: this.#worker,
      cMapUrl: `${RESOURCES}cmaps/`,
      standardFontDataUrl: `${RESOURCES}standard_fonts/`,
      wasmUrl: `${RESOURCES}wasm/`,
      iccUrl: `${RESOURCES}iccs/`,
      enableXfa: false,
    });
    this.#task.onPassword = (give: (password: string | Error) => void, reason: number) =>
      void events
        .onPassword(reason === pdfjs.PasswordResponses.INCORRECT_PASSWORD)
        .then((password) => give(password ?? new Error('no password')));
  }

  /** Rejects when the document can't be shown. */
  async open(): Promise<pdfjs.PDFDocumentProxy> {
    const pdf = await this.#task.promise;
    this.#pdf = pdf;
    this.#viewer.setDocument(pdf);
    this.#links.setDocument(pdf);
    this.#events.onPages(pdf.numPages);
    await this.#viewer.firstPagePromise;
    this.#viewer.currentScaleValue = 'page-width';
    this.#showPassage();
    return pdf;
  }

  show(page: number): void {
    if (this.#pdf && page >= 1 && page <= this.#pdf.numPages) this.#viewer.currentPageNumber = page;
  }

  /** Goes to a page and marks the passage as soon as the page's text is there. */
  showPassage(page: number, text: string): void {
    this.#passage = { page, text };
    clearHighlight('passage');
    this.#showPassage();
  }

  zoom(by: number): void {
    this.#viewer.currentScale = Math.min(6, Math.max(0.2, this.#viewer.currentScale * by));
  }

  fitWidth(): void {
    this.#viewer.currentScaleValue = 'page-width';
  }

  find(query: string, move?: 'next' | 'previous'): void {
    const again = move !== undefined && query === this.#query;
    this.#query = query;
    this.#bus.dispatch('find', {
      source: this,
      type: again ? 'again' : '',
      query,
      caseSensitive: false,
      entireWord: false,
      highlightAll: true,
      findPrevious: move === 'previous',
      matchDiacritics: false,
    });
  }

  async close(): Promise<void> {
    clearHighlight('passage');
    this.#viewer.setDocument(null as never);
    this.#links.setDocument(null as never);
    await this.#task.destroy();
    this.#worker.destroy();
  }

  #listen(): void {
    this.#bus.on('pagechanging', ({ pageNumber }: { pageNumber: number }) => this.#events.onPage(pageNumber));
    const matches = ({ matchesCount }: { matchesCount: { current: number; total: number } }) =>
      this.#events.onMatches(matchesCount.current, matchesCount.total);
    this.#bus.on('updatefindmatchescount', matches);
    this.#bus.on('updatefindcontrolstate', matches);
    this.#bus.on('textlayerrendered', ({ pageNumber }: { pageNumber: number }) => void this.#pageDrawn(pageNumber));
  }

  /** Its own text, or the words that were recognised in its picture, can be marked now. */
  async #pageDrawn(number: number): Promise<void> {
    const words = await this.#events.wordsOf(number);
    const page = this.#pageView(number)?.div;
    if (page && words.length > 0) layWords(page, words);
    if (number === this.#passage?.page) this.#mark();
  }

  #pageView(number: number): { div?: HTMLElement; textLayer?: { div: HTMLElement } } | undefined {
    return this.#viewer.getPageView(number - 1) as { div?: HTMLElement; textLayer?: { div: HTMLElement } } | undefined;
  }

  #showPassage(): void {
    if (!this.#pdf || !this.#passage) return;
    this.show(this.#passage.page);
    this.#mark(false);
  }

  /** Marks the passage in the text layer, which lies over the picture of the page. */
  #mark(complete = true): void {
    const { page, text } = this.#passage ?? { page: 0, text: '' };
    const { div, textLayer } = this.#pageView(page) ?? {};
    const layer = div?.querySelector(':scope > .recognised-words') ?? textLayer?.div;
    const ranges = layer ? findPassage(layer, text) : [];
    if (ranges.length > 0) {
      highlight('passage', ranges);
      ranges[0]?.startContainer.parentElement?.scrollIntoView({ block: 'center' });
    } else if (complete) this.#events.onPassageMissing(page);
  }
}
