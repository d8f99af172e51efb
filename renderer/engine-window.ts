/** The hidden window of the GPU host: starts the engine's worker and joins it to main's port. */
import { ENGINE_CHANNEL } from '../electron/shell/channels.ts';
import { runtimeFailure } from '../engine/hosts/runtime-failure.ts';

window.addEventListener('message', ({ data, origin, ports: [port] }) => {
  if (origin !== window.location.origin || data?.channel !== ENGINE_CHANNEL || !port) return;
  const worker = new Worker(new URL('../engine/hosts/worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', (event) => port.postMessage(event.data));
  worker.addEventListener('error', ({ message }) =>
    port.postMessage({ kind: 'unfit', failure: runtimeFailure('webgpu', message) }),
  );
  port.addEventListener('message', (event) => worker.postMessage(event.data));
  port.start();
  worker.postMessage({ type: 'start', ...data.start });
});
