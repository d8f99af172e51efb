/** The other side of `document-reader.ts`: documents are hostile, so they are parsed in a process that can be killed. */
import { readDocument } from '../documents/read-document.ts';
import { failureOf, firstLineOf, ProximaError } from '../errors.ts';
import { startJob } from '../jobs/job.ts';
import { log, startInheritedLog } from '../log/log.ts';
import { readBounded } from './bounded-file.ts';
import type { DocumentMessage, DocumentOrder, DocumentRequest } from './document-reader.ts';
import { connectParent } from './parent.ts';
import { outliveStrayRejections } from './stray-rejections.ts';

startInheritedLog('documents');
outliveStrayRejections();
const parent = connectParent();
const post = (message: DocumentMessage) => parent.post(message);

let pause = (_paused: boolean) => {};

parent.listen((message) => {
  const order = message as DocumentOrder;
  if (order.type === 'read') void read(order);
  else pause(order.paused);
});

async function read({ path, name, password, recognition }: DocumentRequest): Promise<void> {
  const job = startJob(async ({ whenResumed }) => {
    const bytes = await readBounded(path);
    const onProgress = (progress: Extract<DocumentMessage, { type: 'progress' }>['progress']) =>
      post({ type: 'progress', progress });
    return readDocument(bytes, name, { password, recognition, whenResumed, onProgress });
  });
  pause = (paused) => (paused ? job.pause() : job.resume());
  try {
    post({ type: 'document', document: await job.result });
  } catch (cause) {
    log.error('a document could not be read', cause);
    const failure =
      cause instanceof ProximaError
        ? failureOf(cause)
        : failureOf(new ProximaError('document-damaged', { name: 'The document', reason: firstLineOf(cause) }));
    post({ type: 'failed', failure });
  }
}
