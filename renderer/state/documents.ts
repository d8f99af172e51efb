/** The library's documents, and how their caches have grown. */
import type { AppEvent, DocumentEntry } from '../../electron/contract.ts';
import type { Slice } from './slice.ts';

/** The cache after so many tokens. */
export interface MemoryPoint {
  readonly tokens: number;
  readonly bytes: number;
  readonly denseBytes: number;
}

export interface DocumentsSlice {
  readonly documents: Readonly<Record<string, DocumentEntry>>;
  readonly memoryHistory: Readonly<Record<string, readonly MemoryPoint[]>>;
  setDocuments(documents: readonly DocumentEntry[]): void;
  receiveDocument(event: AppEvent): void;
}

export const createDocumentsSlice: Slice<DocumentsSlice> = (set) => ({
  documents: {},
  memoryHistory: {},
  setDocuments: (documents) => set({ documents: Object.fromEntries(documents.map((each) => [each.id, each])) }),
  receiveDocument: (event) => {
    if (event.type === 'document') {
      const { document } = event;
      set((state) => ({
        documents: { ...state.documents, [document.id]: document },
        memoryHistory: { ...state.memoryHistory, [document.id]: grown(state.memoryHistory[document.id], document) },
      }));
    } else if (event.type === 'document-removed') {
      set((state) => ({ documents: without(state.documents, event.document) }));
    }
  },
});

export function inOrder(documents: Readonly<Record<string, DocumentEntry>>): DocumentEntry[] {
  return Object.values(documents).sort((one, other) => other.added - one.added);
}

function grown(history: readonly MemoryPoint[] = [], { reading }: DocumentEntry): readonly MemoryPoint[] {
  const { memory, done } = reading;
  if (!memory || done === 0) return reading.state === 'waiting' ? [] : history;
  const last = history.at(-1);
  const before = last && last.tokens >= done ? history.filter(({ tokens }) => tokens < done) : history;
  return [...before, { tokens: done, bytes: memory.bytes, denseBytes: memory.denseBytes }];
}

function without<Value>(record: Readonly<Record<string, Value>>, key: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== key));
}
