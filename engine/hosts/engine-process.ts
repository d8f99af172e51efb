/**
 * The engine in a process of its own, behind the typed protocol: forked by Node (serve mode, tests) or run by Electron as a
 * utility process. It is told its runtime by its arguments, and answers `ping` so that its supervisor sees when it hangs.
 */
import { join } from 'node:path';
import { openModelFolder } from '../folders/node.ts';
import { log, startInheritedLog } from '../log/log.ts';
import { createCpuRuntime } from '../runtime/cpu.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeChoice } from './engine-host-process.ts';
import { serveEngine } from './host.ts';
import type { HostMessage } from './host-envelope.ts';
import { connectParent } from './parent.ts';
import type { Port } from './protocol.ts';
import { runtimeFailure } from './runtime-failure.ts';

/** WebGPU is loaded only where it is asked for: Dawn and its driver take half a second. */
async function createRuntime(choice: RuntimeChoice, threads: number | undefined): Promise<Runtime> {
  if (choice !== 'cpu') {
    const { createNodeWebGpuRuntime, hasGraphicsCard } = await import('../runtime/webgpu-node.ts');
    if (choice === 'webgpu' || (await hasGraphicsCard())) return createNodeWebGpuRuntime();
  }
  return createCpuRuntime(threads === undefined ? {} : { threads });
}

startInheritedLog('engine');
const { post, listen } = connectParent();
const [choice = 'auto', threads] = process.argv.slice(2) as [RuntimeChoice?, string?];
const send = (message: HostMessage) => post(message);

try {
  const runtime = await createRuntime(choice, threads ? Number(threads) : undefined);
  const port: Port = {
    postMessage: (reply) => send({ kind: 'reply', reply }),
    addEventListener: (_, listener) =>
      listen((message) => {
        if (message === 'ping') send({ kind: 'pong' });
        else listener({ data: message });
      }),
  };
  serveEngine(port, {
    runtime,
    openFolder: async (name) => ({ folder: await openModelFolder(name), dataFolder: join(name, 'onnx') }),
  });
  log.info(`ready on ${runtime.name}`);
  send({ kind: 'ready', runtime: runtime.name });
} catch (cause) {
  log.error('the runtime did not start', cause);
  send({ kind: 'unfit', failure: runtimeFailure(choice, cause) });
}
