/** The Web Worker of the GPU host: the engine on Chromium's WebGPU, behind the typed protocol. */

import { openHttpFolder } from '../folders/http.ts';
import { createBrowserWebGpuRuntime } from '../runtime/webgpu-browser.ts';
import { serveEngine } from './host.ts';
import type { HostMessage } from './host-envelope.ts';
import type { Port } from './protocol.ts';
import { runtimeFailure } from './runtime-failure.ts';

/** What the first message says: how much memory may be taken. It is answered with `ready` or `unfit`. */
interface Start {
  readonly type: 'start';
  readonly availableBytes: number;
}

const send = (message: HostMessage) => self.postMessage(message);

const port: Port = {
  postMessage: (reply) => send({ kind: 'reply', reply }),
  addEventListener: (type, listener) =>
    self.addEventListener(type, ({ data }: MessageEvent) => {
      if (data === 'ping') send({ kind: 'pong' });
      else listener({ data });
    }),
};

self.addEventListener(
  'message',
  async ({ data }: MessageEvent<Start>) => {
    if (data?.type !== 'start') return;
    try {
      const runtime = await createBrowserWebGpuRuntime(data.availableBytes);
      serveEngine(port, {
        runtime,
        openFolder: async (url) => ({ folder: openHttpFolder(url), dataFolder: new URL('onnx/', `${url}/`).href }),
      });
      send({ kind: 'ready', runtime: runtime.name });
    } catch (cause) {
      send({ kind: 'unfit', failure: runtimeFailure('webgpu', cause) });
    }
  },
  { once: true },
);
