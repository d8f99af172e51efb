/** The Web Worker of the GPU host: the engine on Chromium's WebGPU, behind the typed protocol. */
import { openHttpFolder } from '../folders/http.ts';
import { readerOf } from '../local/model-reader.ts';
import { loadModel } from '../model/model.ts';
import { withExplored } from '../policy.ts';
import { createBrowserWebGpuRuntime } from '../runtime/webgpu-browser.ts';
import { type LoadReader, serveEngine } from './host.ts';
import { type HostMessage, isPing } from './host-envelope.ts';
import type { Port, Reply } from './protocol.ts';
import { runtimeFailure } from './runtime-failure.ts';

/** What the first message says: how much memory may be taken. It is answered with `ready` or `unfit`. */
interface Start {
  readonly type: 'start';
  readonly availableBytes: number;
}

const send = (message: HostMessage) => self.postMessage(message);
/** What the system has free, as the last ping said. */
let availableBytes = 0;

const port: Port = {
  postMessage: (reply) => send({ kind: 'reply', reply: reply as Reply }),
  addEventListener: (type, listener) =>
    self.addEventListener(type, ({ data }: MessageEvent) => {
      if (isPing(data)) {
        availableBytes = data.availableBytes;
        send({ kind: 'pong' });
      } else listener({ data });
    }),
};

self.addEventListener(
  'message',
  async ({ data }: MessageEvent<Start>) => {
    if (data?.type !== 'start') return;
    try {
      availableBytes = data.availableBytes;
      const runtime = await createBrowserWebGpuRuntime(() => availableBytes);
      const load: LoadReader = async (url, onProgress, explored) => {
        const dataFolder = new URL('onnx/', `${url}/`).href;
        const model = await loadModel(openHttpFolder(url), runtime, { dataFolder, onProgress });
        const onRefused = (cause: unknown) => console.warn('a plan that was explored is left out', cause);
        return readerOf(withExplored(model, explored, onRefused), runtime);
      };
      // The window's console goes into the app's log.
      serveEngine(port, load, (cause) => console.error(cause));
      send({ kind: 'ready', runtime: runtime.name });
    } catch (cause) {
      send({ kind: 'unfit', failure: runtimeFailure('webgpu', cause) });
    }
  },
  { once: true },
);
