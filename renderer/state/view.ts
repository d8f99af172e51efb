/** What is looked at: document, conversation, page; and which dialog is open. Kept in the address and in local storage. */
import type { Slice } from './slice.ts';

export interface Place {
  readonly page: number;
  readonly passage: string;
  /** Tells two clicks on one chip apart. */
  readonly asked: number;
}

export type Dialog =
  | { kind: 'settings' }
  | { kind: 'models' }
  | { kind: 'explore'; model: string | null }
  | { kind: 'paste' }
  | { kind: 'fit'; document: string }
  | { kind: 'password'; document: string }
  | { kind: 'recognise'; document: string }
  | { kind: 'details'; document: string }
  | { kind: 'link'; address: string }
  | { kind: 'confirm'; title: string; text: string; action: string; run: () => void };

export interface ViewSlice {
  readonly document: string | undefined;
  readonly conversation: string | undefined;
  readonly place: Place | undefined;
  readonly paneOpen: boolean;
  readonly compare: boolean;
  readonly dialog: Dialog | undefined;
  select(document: string | undefined, conversation?: string): void;
  showPlace(page: number, passage: string): void;
  setPaneOpen(open: boolean): void;
  setCompare(compare: boolean): void;
  openDialog(dialog: Dialog): void;
  closeDialog(): void;
}

const COMPARE = 'proxima.compare';
const PANE = 'proxima.pane';

export const createViewSlice: Slice<ViewSlice> = (set) => ({
  ...selectionOf(location.hash),
  place: undefined,
  paneOpen: localStorage.getItem(PANE) === 'true',
  compare: localStorage.getItem(COMPARE) === 'true',
  dialog: undefined,
  select: (document, conversation) => {
    history.replaceState(null, '', document ? `#${document}${conversation ? `/${conversation}` : ''}` : '#');
    set((state) => ({ document, conversation, ...(state.document === document ? {} : { place: undefined }) }));
  },
  showPlace: (page, passage) => {
    localStorage.setItem(PANE, 'true');
    set(({ place }) => ({ place: { page, passage, asked: (place?.asked ?? 0) + 1 }, paneOpen: true }));
  },
  setPaneOpen: (paneOpen) => {
    localStorage.setItem(PANE, String(paneOpen));
    set({ paneOpen });
  },
  setCompare: (compare) => {
    localStorage.setItem(COMPARE, String(compare));
    set({ compare });
  },
  openDialog: (dialog) => set({ dialog }),
  closeDialog: () => set({ dialog: undefined }),
});

function selectionOf(hash: string): Pick<ViewSlice, 'document' | 'conversation'> {
  const [document, conversation] = hash.slice(1).split('/');
  return { document: document || undefined, conversation: conversation || undefined };
}
