/** Failures as the screen shows them. */
import { ProximaError } from '../../engine/errors.ts';
import type { ShownFailure } from '../contract.ts';

export function shownFailure(cause: unknown): ShownFailure {
  if (cause instanceof ProximaError) return { code: cause.code, message: cause.message, wayOut: inTheApp(cause) };
  const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  return {
    code: 'engine-failed',
    message: `Something went wrong that should not: ${message.slice(0, 300)}`,
    wayOut: 'Try again, and please report it if it comes again.',
  };
}

/** The engine's ways out name options of the command line; here they are said in the app's own terms. */
function inTheApp({ code, wayOut }: ProximaError): string {
  if (code === 'document-encrypted' || code === 'password-wrong') return 'Give its password.';
  return wayOut
    .replace(/read a part with --pages (\d+)-(\d+), or /, 'read only pages $1–$2, or ')
    .replace(/ \(--model\)| after --model/g, '')
    .replace(/Use --runtime cpu/, 'Choose the CPU in the settings');
}
