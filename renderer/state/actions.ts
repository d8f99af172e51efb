/** What the reader does: calls of the services whose failures become notices. */
import type { AppEvent } from '../../electron/contract.ts';
import { addFile, bridge } from '../bridge/bridge.ts';
import { FailedCall } from '../bridge/failed-call.ts';
import { strings } from '../strings.ts';
import { inOrder } from './documents.ts';
import { receive, store } from './store.ts';
import type { Dialog } from './view.ts';

/** Does it and tells what goes wrong. */
export async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    store.getState().notify(cause instanceof Error ? cause.message : String(cause));
  }
}

/** Takes the services' state over, at the start and whenever the connection is there again. */
export function connect(): void {
  bridge.onEvent((event) => {
    const isAsked = asksAboutScans(event);
    receive(event);
    if (isAsked) store.getState().openDialog(isAsked);
    const came = event.type === 'download-ended' && event.model !== null;
    const found = event.type === 'exploration' && event.exploration.state === 'done';
    const converted = event.type === 'conversion' && event.conversion.state === 'done';
    if (came || found || converted) void attempt(loadModels);
  });
  bridge.onConnection((connected) => {
    store.getState().setConnected(connected);
    if (connected) void attempt(refresh);
  });
}

/** Documents whose reader was asked: who has stopped recognising is not asked again at once. */
const asked = new Set<string>();

/** The dialog for a document that is looked at and turns out to have many scanned pages. */
function asksAboutScans(event: AppEvent): Dialog | undefined {
  if (event.type !== 'document' || event.document.state !== 'asking') return undefined;
  const { id } = event.document;
  const { document, documents, dialog } = store.getState();
  const isNew = documents[id]?.state !== 'asking' && !asked.has(id);
  if (!isNew || document !== id || dialog) return undefined;
  asked.add(id);
  return { kind: 'recognise', document: id };
}

export async function loadModels(): Promise<void> {
  store.getState().setModels(await bridge.listModels({}));
}

export async function refresh(): Promise<void> {
  store.getState().setApp(await bridge.getState({}));
  const { document, conversation, documents } = store.getState();
  const known = document && documents[document] ? document : inOrder(documents)[0]?.id;
  await choose(known, known === document ? conversation : undefined);
}

/** Counts choices: of two that overlap the later one holds. */
let choices = 0;
/** The last choice; never rejects. */
let choosing: Promise<unknown> = Promise.resolve();

/** Shows a document with its latest or a given conversation, and has it read if it is not in memory. */
export function choose(document: string | undefined, conversation?: string): Promise<void> {
  const choice = ++choices;
  const { select, conversations } = store.getState();
  // At once, so that what is typed from now on belongs to it; what is not known yet follows.
  select(document, document && (conversation ?? conversations[document]?.[0]?.id));
  if (!document) return Promise.resolve();
  const done = load(document, conversation, () => choice === choices);
  choosing = done.catch(() => undefined);
  return done;
}

async function load(document: string, conversation: string | undefined, isLast: () => boolean): Promise<void> {
  const { select, setConversations, setTurns } = store.getState();
  const conversations = await bridge.listConversations({ document });
  setConversations(document, conversations);
  const chosen = conversations.find(({ id }) => id === conversation) ?? conversations[0];
  if (chosen) setTurns(chosen.id, (await bridge.getConversation({ conversation: chosen.id })).turns);
  if (!isLast()) return;
  select(document, chosen?.id);
  const entry = store.getState().documents[document];
  if (entry?.state === 'stored' && entry.reading.state === 'none') await bridge.read({ document });
}

const GGUF = /\.gguf$/i;

/** A GGUF file is a model, not a document: it is imported from where it lies, on the models page. */
async function importFile(name: string, content: Blob): Promise<void> {
  const folder = content instanceof File ? bridge.pathOf?.(content) : undefined;
  store.getState().openDialog({ kind: 'models' });
  if (!folder) return store.getState().notify(strings.models.pathUnknown(name));
  await attempt(() => bridge.importModel({ folder }));
  await attempt(loadModels);
}

/** Adds files one after the other; the first document is shown. */
export async function addFiles(files: readonly { name: string; content: Blob }[]): Promise<void> {
  let first = true;
  for (const { name, content } of files) {
    if (GGUF.test(name)) {
      await importFile(name, content);
      continue;
    }
    try {
      const entry = await addFile(name, content);
      if (first) await choose(entry.id);
      first = false;
    } catch (cause) {
      const why = cause instanceof FailedCall ? cause.message : String(cause);
      store.getState().notify(strings.library.addFailed(name, why));
    }
  }
}

/** Asks in the conversation that is shown, or in a new one. Resolves to whether the question was taken. */
export async function ask(document: string, question: string): Promise<boolean> {
  if (question.trim() === '') return false;
  await choosing;
  const { document: shown, conversation, compare, select } = store.getState();
  if (shown !== document) return false;
  let taken = false;
  await attempt(async () => {
    const id = conversation ?? (await bridge.createConversation({ document })).id;
    // Who has turned to another document meanwhile stays there.
    if (id !== conversation && store.getState().document === document) select(document, id);
    await bridge.ask({ conversation: id, question, compare });
    taken = true;
  });
  return taken;
}

export function newConversation(document: string): Promise<void> {
  return attempt(async () => {
    const { id } = await bridge.createConversation({ document });
    store.getState().setTurns(id, []);
    if (store.getState().document === document) store.getState().select(document, id);
  });
}

export function deleteConversation(document: string, conversation: string): Promise<void> {
  return attempt(async () => {
    await bridge.deleteConversation({ conversation });
    await choose(document);
  });
}

export function removeDocument(document: string): Promise<void> {
  return attempt(async () => {
    await bridge.removeDocument({ document });
    if (store.getState().document === document) await refresh();
  });
}

export function exportConversation(conversation: string, format: 'markdown' | 'json'): Promise<void> {
  return attempt(async () => {
    const { name, type, text } = await bridge.exportConversation({ conversation, format });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
