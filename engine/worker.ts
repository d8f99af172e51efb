/** The Web Worker of the GPU host: the engine on Chromium's WebGPU, behind the typed protocol. */
import { serveEngine } from './host.ts';
import type { Port } from './protocol.ts';
import { openHttpFolder } from './runtime/folder-http.ts';
import { createBrowserWebGpuRuntime } from './runtime/webgpu-browser.ts';

/** What the first message says: how much memory may be taken. It is answered with `ready` or `unfit`. */
interface Start {
  readonly type: 'start';
  readonly availableBytes: number;
}

const scope = self as unknown as Port;

self.addEventListener(
  'message',
  async ({ data }: MessageEvent<Start>) => {
    if (data?.type !== 'start') return;
    try {
      const runtime = await createBrowserWebGpuRuntime(data.availableBytes);
      serveEngine(scope, {
        runtime,
        openFolder: async (url) => ({ folder: openHttpFolder(url), dataFolder: new URL('onnx/', `${url}/`).href }),
      });
      scope.postMessage({ type: 'ready', runtime: runtime.name });
    } catch (cause) {
      scope.postMessage({ type: 'unfit', message: cause instanceof Error ? cause.message : String(cause) });
    }
  },
  { once: true },
);
