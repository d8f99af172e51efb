/** The engine's and the documents' hosts under Electron: utility processes, and a hidden sandboxed window for the graphics card. */
import { join } from 'node:path';
import { BrowserWindow, MessageChannelMain, utilityProcess } from 'electron';
import type { ConvertMessage, ConvertProcess } from '../../engine/hosts/converter.ts';
import type { DocumentMessage, DocumentProcess } from '../../engine/hosts/document-reader.ts';
import type { ExploreMessage, ExploreProcess } from '../../engine/hosts/explorer.ts';
import type { RuntimeChoice } from '../../engine/hosts/fork-engine.ts';
import type { HostMessage } from '../../engine/hosts/host-envelope.ts';
import { type EngineProcess, type WatchedHost, watchHost } from '../../engine/hosts/watched-host.ts';
import { untilAborted } from '../../engine/jobs/job.ts';
import { availableMemoryBytes } from '../../engine/runtime/available-memory.ts';
import { ENGINE_CHANNEL } from './channels.ts';
import { ORIGIN, SAFE_PREFERENCES } from './security.ts';
import { logFaultsOf } from './window-log.ts';

/** The folder of the built main process; the hosts' programs lie beside it. */
const BUILT = import.meta.dirname;

export function startCpuHost(threads: number | undefined, signal: AbortSignal): Promise<WatchedHost> {
  const parameters = ['cpu', ...(threads === undefined ? [] : [String(threads)])];
  const child = utilityProcess.fork(join(BUILT, 'engine-process.js'), parameters, {
    serviceName: 'Proxima engine',
    stdio: 'ignore',
  });
  const engine: EngineProcess = {
    post: (message) => child.postMessage(message),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.on('exit', (code) => listener(`its process ended (exit code ${code})`)),
    kill: () => void child.kill(),
  };
  return watchHost(engine, { signal });
}

/** Rejects with `runtime-missing` where Chromium finds no adapter that is no software. */
export async function startGpuHost(modelFolder: string, signal: AbortSignal): Promise<WatchedHost> {
  const window = new BrowserWindow({
    show: false,
    webPreferences: { ...SAFE_PREFERENCES, preload: join(BUILT, 'engine-preload.cjs'), backgroundThrottling: false },
  });
  logFaultsOf(window.webContents, 'engine window');
  const { port1, port2 } = new MessageChannelMain();
  const destroy = () => !window.isDestroyed() && window.destroy();
  try {
    await untilAborted(window.loadURL(`${ORIGIN}/engine.html`), signal);
  } catch (cause) {
    destroy(); // A window that nobody sees would otherwise stay, and keep the app from quitting.
    throw cause;
  }
  window.webContents.postMessage(ENGINE_CHANNEL, { availableBytes: availableMemoryBytes() }, [port2]);
  port1.start();
  const engine: EngineProcess = {
    post: (message) => port1.postMessage(throughTheProtocol(message, modelFolder)),
    onMessage: (listener) => void port1.on('message', ({ data }) => listener(data as HostMessage)),
    onExit: (listener) => {
      window.webContents.on('render-process-gone', (_, { reason }) => listener(`its window ended (${reason})`));
      window.on('closed', () => listener('its window was closed'));
    },
    kill: destroy,
  };
  return watchHost(engine, { signal });
}

/** The engine's window has no files: the model's folder is an address there. */
function throughTheProtocol(message: unknown, modelFolder: string): unknown {
  const load = message as { type?: string; folder?: string };
  return load.type === 'load' && load.folder === modelFolder ? { ...load, folder: `${ORIGIN}/model` } : message;
}

/** The card where it is wanted; the caller takes the CPU where this rejects and nobody insisted. */
export function startHost(
  runtime: RuntimeChoice,
  threads: number | undefined,
  modelFolder: string,
  signal: AbortSignal,
): Promise<WatchedHost> {
  return runtime === 'cpu' ? startCpuHost(threads, signal) : startGpuHost(modelFolder, signal);
}

export function startExplorer(): ExploreProcess {
  const child = utilityProcess.fork(join(BUILT, 'explore-process.js'), [], {
    serviceName: 'Proxima explorer',
    stdio: 'ignore',
  });
  return {
    post: (request) => child.postMessage(request),
    onMessage: (listener) => void child.on('message', (message: ExploreMessage) => listener(message)),
    onExit: (listener) => void child.on('exit', () => listener()),
    kill: () => void child.kill(),
  };
}

export function startConverter(): ConvertProcess {
  const child = utilityProcess.fork(join(BUILT, 'convert-process.js'), [], {
    serviceName: 'Proxima converter',
    stdio: 'ignore',
  });
  return {
    post: (request) => child.postMessage(request),
    onMessage: (listener) => void child.on('message', (message: ConvertMessage) => listener(message)),
    onExit: (listener) => void child.on('exit', () => listener()),
    kill: () => void child.kill(),
  };
}

export function startDocumentProcess(): DocumentProcess {
  const child = utilityProcess.fork(join(BUILT, 'document-process.js'), [], {
    serviceName: 'Proxima documents',
    stdio: 'ignore',
    execArgv: ['--max-old-space-size=2048'],
  });
  return {
    post: (order) => child.postMessage(order),
    onMessage: (listener) => void child.on('message', (message: DocumentMessage) => listener(message)),
    onExit: (listener) => void child.on('exit', () => listener('the process that read it broke down')),
    kill: () => void child.kill(),
  };
}
