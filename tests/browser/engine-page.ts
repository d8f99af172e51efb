/** Runs in Chromium: starts the engine's worker, reads a document, asks, and leaves what came back on the window. */

import type { HostMessage } from '../../engine/hosts/host-envelope.ts';
import { HostedEngine } from '../../engine/hosts/hosted-engine.ts';
import type { Port } from '../../engine/hosts/protocol.ts';
import { usualPlanOf } from '../../engine/plan-choice.ts';

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
  const terminate = () => worker.terminate();
  const host = { port, ended: new Promise<string>(() => {}), terminate };
  const engine = await HostedEngine.load(host, new URL(folder, location.href).href, 1).result;
  let progress = 0;
  const context = { parts: [{ document: 'sample', pages }], plan: usualPlanOf(engine.capabilities.plans) };
  const prepared = await engine.prepare(crypto.randomUUID(), context, ({ type }) => {
    if (type === 'progress') progress += 1;
  }).result;
  let text = '';
  const { answer } = await prepared.ask({ text: question, turns: [], maxTokens: 24 }, (event) => {
    if (event.type === 'text') text += event.text;
  }).result;
  worker.terminate();
  return {
    runtime: engine.model.runtime,
    answer: answer.answer,
    page: answer.pages[0]?.page,
    text: text.trim(),
    tokens: prepared.tokens,
    bytes: prepared.memory.bytes,
    progress,
  };
};
