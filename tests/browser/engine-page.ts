/** Runs in Chromium: starts the engine's worker, reads a document, asks, and leaves what came back on the window. */
import { EngineClient } from '../../engine/hosts/client.ts';
import type { HostMessage } from '../../engine/hosts/host-envelope.ts';
import type { Port } from '../../engine/hosts/protocol.ts';

export interface BrowserRun {
  readonly runtime: string;
  readonly answer: string;
  readonly page: number | undefined;
  readonly text: string;
  readonly tokens: number;
  readonly bytes: number;
  readonly progress: number;
}

declare global {
  interface Window {
    runEngine: (folder: string, pages: { number: number; text: string }[], question: string) => Promise<BrowserRun>;
  }
}

window.runEngine = async (folder, pages, question) => {
  const worker = new Worker(new URL('../../engine/hosts/worker.ts', import.meta.url), { type: 'module' });
  const started = new Promise<HostMessage>((resolve) => {
    worker.addEventListener('message', ({ data }) => resolve(data), { once: true });
  });
  worker.postMessage({ type: 'start', availableBytes: 2 ** 31 });
  const ready = await started;
  if (ready.kind !== 'ready') throw new Error(ready.kind === 'unfit' ? ready.failure.code : ready.kind);
  const port: Port = {
    postMessage: (message) => worker.postMessage(message),
    addEventListener: (type, listener) =>
      worker.addEventListener(type, ({ data }: MessageEvent<HostMessage>) => {
        if (data.kind === 'reply') listener({ data: data.reply });
      }),
  };
  const client = new EngineClient(port);
  const model = await client.load(new URL(folder, location.href).href);
  let progress = 0;
  const opened = await client.open({ pages }, { onProgress: () => (progress += 1) });
  let text = '';
  const { answer } = await client.ask(
    { reading: opened.reading, question, maxTokens: 24 },
    { onText: (piece) => (text += piece) },
  );
  worker.terminate();
  return {
    runtime: model.runtime,
    answer: answer.answer,
    page: answer.pages[0]?.page,
    text: text.trim(),
    tokens: opened.tokens,
    bytes: opened.memory.bytes,
    progress,
  };
};
