/** Scanned documents in the library: the reader is asked, and what was said holds; what was left out can be put back. */
import { Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import type { App } from '../../../electron/services/app.ts';
import { type Document, documentOf, type RecognitionOptions } from '../../../engine/documents/document.ts';
import { ProximaError } from '../../../engine/errors.ts';
import type { ReadFileOptions } from '../../../engine/hosts/document-reader.ts';
import { wordsFor } from '../../../engine/words/words.ts';
import { temporaryFolder } from '../../integration/command.ts';
import { idleApp } from './idle-app.ts';

const apps: App[] = [];
afterEach(() => {
  for (const app of apps.splice(0)) app.close();
});

function open(readFile: (path: string, options: ReadFileOptions) => Promise<Document>, folder = temporaryFolder()) {
  const app = idleApp(folder, { readFile });
  apps.push(app);
  const entry = async () => {
    const [first] = (await app.handlers.getState({})).documents;
    if (!first) throw new Error('there is no document');
    return first;
  };
  const state = () => expect.poll(async () => (await entry()).state);
  return { app, folder, entry, state };
}

const WORDS = [{ text: 'toll', box: [0.1, 0.1, 0.2, 0.02] as const }];

/** A page of text and one that is a scan. */
function half(recognition: RecognitionOptions | undefined): Document {
  const text = { number: 1, label: 'iv', text: 'A page of text.' };
  if ((recognition?.mostPages ?? 0) === 0) {
    const notes = [{ code: 'recognition-offered' as const, pages: [2], seconds: 540 }];
    return documentOf([text, { number: 2, text: '' }], { notes });
  }
  const scanned = { number: 2, text: 'The toll.', recognised: { confidence: 0.9, words: WORDS } };
  return documentOf([text, scanned], { leftOut: [{ page: 2, at: 'bottom', text: '2', reason: 'page number' }] });
}

it('the reader is asked before scans are recognised, and they are when the reader says so, also after a restart', async () => {
  const asked: (RecognitionOptions | undefined)[] = [];
  const readFile = async (_: string, { recognition }: ReadFileOptions) => {
    asked.push(recognition);
    return half(recognition);
  };
  const { app, folder, entry, state } = open(readFile);
  const { id } = await app.addFile('half.pdf', Readable.from(['x']));
  await state().toBe('asking');
  const waiting = await entry();
  expect(waiting.scans).toEqual({ offered: { pages: 1, seconds: 540 }, recognised: 0 });
  expect(waiting.failure && wordsFor(waiting.failure, 'app').cause).toBe(
    '1 page of the document is a scan that has no text yet.',
  );
  await app.handlers.recognise({ document: id, language: 'deu' });
  await state().toBe('stored');
  expect(asked.at(-1)).toMatchObject({ language: 'deu' });
  expect(asked.at(-1)?.mostPages).toBeGreaterThan(1e6);
  expect((await entry()).scans).toEqual({ offered: null, recognised: 1 });
  expect(await app.handlers.getWords({ document: id, page: 2 })).toEqual(WORDS);
  expect(await app.handlers.getDetails({ document: id })).toMatchObject({
    labels: [{ page: 1, label: 'iv' }],
    recognised: [{ page: 2, confidence: 0.9 }],
    leftOut: [{ page: 2, text: '2' }],
    putBack: false,
  });
  const later = open(readFile, folder);
  await later.app.handlers.openAgain({ document: id });
  await later.state().toBe('stored');
  expect(asked.at(-1)).toMatchObject({ language: 'deu' });
});

it('the other pages can be read without the scans, where there are any', async () => {
  const { app, state } = open(async (_, { recognition }) => half(recognition));
  const { id } = await app.addFile('half.pdf', Readable.from(['x']));
  await state().toBe('asking');
  await app.handlers.goWithoutScans({ document: id });
  await state().toBe('stored');
  const notes = [{ code: 'recognition-offered' as const, pages: [1], seconds: 3 }];
  const scans = open(async () => documentOf([{ number: 1, text: '' }], { notes }));
  const { id: only } = await scans.app.addFile('scan.pdf', Readable.from(['x']));
  await scans.state().toBe('asking');
  await scans.app.handlers.goWithoutScans({ document: only });
  expect((await scans.entry()).state).toBe('asking');
});

it('what was left out goes back into the pages and out again', async () => {
  const leftOut = [{ page: 1, at: 'top' as const, text: 'Report', reason: 'running title' as const }];
  const { app, state } = open(async () => documentOf([{ number: 1, text: 'One page.' }], { leftOut }));
  const { id } = await app.addFile('report.pdf', Readable.from(['x']));
  await state().toBe('stored');
  const text = async () => (await app.handlers.getPages({ document: id }))[0]?.text;
  await app.handlers.putBack({ document: id, putBack: true });
  expect(await text()).toBe('Report\nOne page.');
  await app.handlers.putBack({ document: id, putBack: false });
  expect(await text()).toBe('One page.');
});

it('opening is paused and stopped; scans that were being recognised are asked about again', async () => {
  let paused: boolean | undefined;
  const readFile = (_: string, { recognition, signal, control, onProgress }: ReadFileOptions): Promise<Document> => {
    if (recognition?.mostPages === 0) return Promise.resolve(half(recognition));
    onProgress?.({ stage: 'recognising', done: 1, total: 9, secondsLeft: 8 });
    control?.onPause((wanted) => {
      paused = wanted;
    });
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new ProximaError('cancelled'))));
  };
  const { app, entry, state } = open(readFile);
  const { id } = await app.addFile('scan.pdf', Readable.from(['x']));
  await expect
    .poll(async () => (await entry()).opening)
    .toEqual({ stage: 'recognising', done: 1, total: 9, secondsLeft: 8, paused: false });
  await app.handlers.pauseOpening({ document: id, paused: true });
  expect([paused, (await entry()).opening?.paused]).toEqual([true, true]);
  await app.handlers.pauseOpening({ document: id, paused: false });
  expect(paused).toBe(false);
  await app.handlers.cancelOpening({ document: id });
  await state().toBe('asking');
});

it('opening that is stopped before that can be begun again', async () => {
  let times = 0;
  const readFile = (_: string, { signal, onProgress }: ReadFileOptions): Promise<Document> => {
    if (times++ > 0) return Promise.resolve(documentOf([{ number: 1, text: 'Here.' }]));
    onProgress?.({ stage: 'reading', done: 1, total: 9 });
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new ProximaError('cancelled'))));
  };
  const { app, entry, state } = open(readFile);
  const { id } = await app.addFile('long.pdf', Readable.from(['x']));
  await expect.poll(async () => (await entry()).opening?.done).toBe(1);
  await app.handlers.cancelOpening({ document: id });
  expect((await entry()).failure?.code).toBe('opening-stopped');
  await app.handlers.openAgain({ document: id });
  await state().toBe('stored');
});

it('a book behind DRM is refused, and no password is asked for', async () => {
  const { app, entry, state } = open(() => Promise.reject(new ProximaError('document-protected', { scheme: 'Adobe' })));
  await app.addFile('book.epub', Readable.from(['x']));
  await state().toBe('failed');
  expect((await entry()).failure).toEqual({ code: 'document-protected', detail: { scheme: 'Adobe' } });
});
