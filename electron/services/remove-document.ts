/** Removing a document takes everything along that is about it. */
import type { Services } from './services.ts';

/** Throws `entry-missing`, or the storage's errors. */
export function removeDocument(
  { answers, conversations, events, library, readings }: Services,
  document: string,
): void {
  for (const { id } of conversations.list(document)) answers.forgetConversation(id);
  readings.forget(document);
  library.remove(document);
  events.emit({ type: 'document-removed', document });
}
