/**
 * The engine in a process of its own, behind the typed protocol: forked by Node (serve mode, tests) or run by Electron as a
 * utility process. It is told its runtime by its arguments, and answers pings so that its supervisor sees when it hangs.
 */
import { log, startInheritedLog } from '../log/log.ts';
import { chooseRuntime } from '../runtime/choose-runtime.ts';
import type { RuntimeChoice } from './fork-engine.ts';
import { serveEngine } from './host.ts';
import { type HostMessage, isPing } from './host-envelope.ts';
import { loadReader } from './load-reader.ts';
import { connectParent } from './parent.ts';
import type { Port } from './protocol.ts';
import { runtimeFailure } from './runtime-failure.ts';

startInheritedLog('engine');
const { post, listen } = connectParent();
const [choice = 'auto', threads] = process.argv.slice(2) as [RuntimeChoice?, string?];
const send = (message: HostMessage) => post(message);

try {
  const runtime = await chooseRuntime(choice, threads ? Number(threads) : undefined);
  const port: Port = {
    postMessage: (reply) => send({ kind: 'reply', reply: reply as Extract<HostMessage, { kind: 'reply' }>['reply'] }),
    addEventListener: (_, listener) =>
      listen((message) => {
        if (isPing(message)) send({ kind: 'pong' });
        else listener({ data: message });
      }),
  };
  serveEngine(port, loadReader(runtime), (cause) => log.error('a request failed', cause));
  log.info(`ready on ${runtime.name}`);
  send({ kind: 'ready', runtime: runtime.name });
} catch (cause) {
  log.error('the runtime did not start', cause);
  send({ kind: 'unfit', failure: runtimeFailure(choice, cause) });
}
