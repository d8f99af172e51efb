/** Words for what can happen to the engine and to requests. */
import { count } from './amounts.ts';
import type { WordsOf } from './wording.ts';

type EngineCode =
  | 'runtime-missing'
  | 'device-lost'
  | 'device-out-of-memory'
  | 'context-missing'
  | 'message-malformed'
  | 'engine-failed'
  | 'engine-lost'
  | 'connection-lost'
  | 'option-invalid'
  | 'request-invalid'
  | 'exploration-busy'
  | 'told-earlier'
  | 'unexpected'
  | 'cancelled';

export const engineWords: WordsOf<EngineCode> = {
  'runtime-missing': ({ runtime, reason }, front) => ({
    cause: `${runtime === 'cpu' ? 'The processor' : 'The graphics card'} can't be used: ${reason}.`,
    wayOut:
      front === 'terminal'
        ? 'Use --runtime cpu, or install a graphics driver with Vulkan.'
        : 'Choose the processor in the settings.',
  }),
  'device-lost': ({ reason }) => ({
    cause: `The graphics card was lost (${reason}).`,
    wayOut: 'If it happens again, choose the processor as runtime.',
  }),
  'device-out-of-memory': ({ bytes }) => ({
    cause: `The graphics card has no memory left (Proxima uses ${count(Math.round(bytes / 2 ** 20))} MiB of it).`,
    wayOut: 'Read fewer pages, choose a smaller cache plan, or the processor as runtime.',
  }),
  'context-missing': () => ({
    cause: 'This document is no longer in the engine’s memory.',
    wayOut: 'Ask again: it is read anew.',
  }),
  'message-malformed': () => ({
    cause: 'The engine got a message that it does not understand.',
    wayOut: 'Restart Proxima; if it happens again, the installation is damaged.',
  }),
  'engine-failed': ({ reason }) => ({
    cause: `The engine failed: ${reason}.`,
    wayOut: 'Ask again; if it happens again, choose another runtime in the settings.',
  }),
  'engine-lost': ({ reason }) => ({
    cause: `The engine has stopped: ${reason}.`,
    wayOut: 'Try again; if it happens again, restart Proxima.',
  }),
  'connection-lost': () => ({
    cause: 'The connection to Proxima was lost.',
    wayOut: 'It is restored by itself; then try once more.',
  }),
  'option-invalid': ({ reason }, front) => ({
    cause: `${sentence(reason)}.`,
    wayOut: front === 'terminal' ? 'Run the command with --help to see its options.' : 'Check what you entered.',
  }),
  'request-invalid': ({ reason }) => ({
    cause: `The app got a request that it does not understand: ${reason}.`,
    wayOut: 'Reload the window; if it happens again, please report it.',
  }),
  'exploration-busy': () => ({
    cause: 'A search for a plan is already running.',
    wayOut: 'Wait until it is done, or cancel it.',
  }),
  'told-earlier': ({ message, wayOut }) => ({ cause: message, wayOut }),
  unexpected: ({ reason }) => ({
    cause: `Something went wrong that should not: ${reason}.`,
    wayOut: 'Try again; if it happens again, please report it (Settings, “Copy report”).',
  }),
  cancelled: () => ({ cause: 'The work was cancelled.', wayOut: 'Start it again when you like.' }),
};

function sentence(text: string): string {
  const trimmed = text.trim().replace(/\.$/, '');
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
}
