/** The other side of `document-reader.ts`: documents are hostile, so they are parsed in a process that can be killed. */
import { readFile } from 'node:fs/promises';
import { readDocument } from '../documents/read-document.ts';
import { failureOf, firstLineOf, ProximaError } from '../errors.ts';
import { log, startInheritedLog } from '../log/log.ts';
import type { DocumentMessage, DocumentRequest } from './document-reader.ts';
import { connectParent } from './parent.ts';

startInheritedLog('documents');
const parent = connectParent();
const post = (message: DocumentMessage) => parent.post(message);

parent.listen(async (request) => {
  const { path, name, password } = request as DocumentRequest;
  try {
    const onProgress = (done: number, total: number) => post({ type: 'progress', done, total });
    const document = await readDocument(await readFile(path), name, { password, onProgress });
    post({ type: 'document', document });
  } catch (cause) {
    log.error('a document could not be read', cause);
    const failure =
      cause instanceof ProximaError
        ? failureOf(cause)
        : failureOf(new ProximaError('document-damaged', { name: 'The document', reason: firstLineOf(cause) }));
    post({ type: 'failed', failure });
  }
});
