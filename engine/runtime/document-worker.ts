/** The worker thread's side of `document-reader.ts`: documents are hostile, so they are parsed where they can be stopped. */
import { parentPort, workerData } from 'node:worker_threads';
import { readDocument } from '../documents/read-document.ts';
import { ProximaError } from '../errors.ts';
import type { DocumentMessage, DocumentRequest } from './document-reader.ts';

const { bytes, name, password } = workerData as DocumentRequest;
const post = (message: DocumentMessage) => parentPort?.postMessage(message);

// pdf.js writes warnings to the console, some of them to stdout, which belongs to the caller.
for (const method of ['log', 'info', 'warn', 'error'] as const) console[method] = () => {};

try {
  const onProgress = (done: number, total: number) => post({ type: 'progress', done, total });
  post({ type: 'document', document: await readDocument(bytes, name, { password, onProgress }) });
} catch (cause) {
  const { code, message, wayOut } =
    cause instanceof ProximaError
      ? cause
      : {
          code: 'document-damaged' as const,
          message: `The document can't be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
          wayOut: 'Get it again, or save it anew from another program.',
        };
  post({ type: 'error', code, message, wayOut });
}
