/** Calls about documents and their reading. */
import type { PlanId } from '../../../engine/engine.ts';
import { ProximaError } from '../../../engine/errors.ts';
import type { Handlers, PageRange } from '../../contract.ts';
import type { Readings } from '../readings.ts';
import { removeDocument } from '../remove-document.ts';
import type { Services } from '../services.ts';

type DocumentCalls =
  | 'getPages'
  | 'getDetails'
  | 'getWords'
  | 'measure'
  | 'read'
  | 'pauseReading'
  | 'cancelReading'
  | 'unlock'
  | 'recognise'
  | 'goWithoutScans'
  | 'pauseOpening'
  | 'cancelOpening'
  | 'openAgain'
  | 'putBack'
  | 'removeDocument';

export function documentHandlers(services: Services): Pick<Handlers, DocumentCalls> {
  const { library, readings, store } = services;
  return {
    getPages: ({ document }) => library.pages(document),
    getDetails: ({ document }) => {
      store.get(document);
      return store.details(document);
    },
    getWords: ({ document, page }) => {
      store.get(document);
      return store.words(document, page);
    },
    measure: ({ document }) => readings.measure(document),
    read: ({ document, plan, pages }) => {
      if (pages) checkRange(pages, store.get(document).pages);
      begin(readings, document, plan, pages).catch(() => {}); // How it goes is told by events.
      return null;
    },
    pauseReading: ({ document, paused }) => {
      readings.pause(document, paused);
      return null;
    },
    cancelReading: ({ document }) => {
      readings.cancel(document);
      return null;
    },
    unlock: ({ document, password }) => {
      library.unlock(document, password);
      return null;
    },
    recognise: ({ document, language }) => {
      readings.letGo(document);
      library.recognise(document, language);
      return null;
    },
    goWithoutScans: ({ document }) => {
      library.goWithoutScans(document);
      return null;
    },
    pauseOpening: ({ document, paused }) => {
      library.pauseOpening(document, paused);
      return null;
    },
    cancelOpening: ({ document }) => {
      library.cancelOpening(document);
      return null;
    },
    openAgain: ({ document }) => {
      readings.letGo(document);
      library.openAgain(document);
      return null;
    },
    putBack: ({ document, putBack }) => {
      store.get(document);
      readings.letGo(document);
      library.putBack(document, putBack);
      return null;
    },
    removeDocument: ({ document }) => {
      removeDocument(services, document);
      return null;
    },
  };
}

function begin(readings: Readings, document: string, plan?: PlanId, pages?: PageRange): Promise<unknown> {
  const { state } = readings.stateOf(document);
  if (plan !== undefined || pages) return readings.read(document, plan, pages);
  return state === 'unfit' || state === 'failed' ? readings.readAnew(document) : readings.need(document);
}

/** Throws `page-range-invalid`. */
function checkRange(range: PageRange, pages: number): void {
  if (range.first > range.last || range.last > pages) throw new ProximaError('page-range-invalid', { ...range, pages });
}
