/** The other side of `document-reader.ts`: documents are hostile, so they are parsed in a process that can be killed. */
import { readFile } from 'node:fs/promises';
import { readDocument } from '../documents/read-document.ts';
import { ProximaError } from '../errors.ts';
import type { DocumentMessage, DocumentRequest } from './document-reader.ts';
import { connectParent } from './parent.ts';

const parent = connectParent();
const post = (message: DocumentMessage) => parent.post(message);

parent.listen(async (request) => {
  const { path, name, password } = request as DocumentRequest;
  try {
    const onProgress = (done: number, total: number) => post({ type: 'progress', done, total });
    const document = await readDocument(await readFile(path), name, { password, onProgress });
    post({ type: 'document', document });
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
});
