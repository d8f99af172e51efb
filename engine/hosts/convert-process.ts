/**
 * Reads and converts GGUF files in a process of its own: they are hostile, and the work would keep the services from answering. Node
 * forks it, or Electron as a utility process; it can be ended at any moment.
 */
import { failureOf } from '../errors.ts';
import { describeGguf } from '../folders/describe-gguf.ts';
import { findGgufFiles } from '../folders/find-models.ts';
import { importGguf } from '../folders/import-gguf.ts';
import { log, startInheritedLog } from '../log/log.ts';
import { type ConvertMessage, type ConvertRequest, convertRequestSchema, type FoundModel } from './converter.ts';
import { connectParent } from './parent.ts';

/** How often progress is told at most, in milliseconds. */
const TELL_EVERY = 200;

startInheritedLog('converter');
const parent = connectParent();
const post = (message: ConvertMessage) => parent.post(message);

async function convert({ path, folder }: Extract<ConvertRequest, { type: 'convert' }>): Promise<void> {
  let told = 0;
  const onProgress = (done: number, total: number) => {
    if (performance.now() - told < TELL_EVERY) return;
    told = performance.now();
    post({ type: 'progress', done, total });
  };
  await importGguf(path, folder, { onProgress });
  post({ type: 'converted' });
}

async function find(home: string): Promise<void> {
  const models: FoundModel[] = [];
  for (const file of await findGgufFiles({ home, environment: process.env })) {
    models.push({ ...file, ...(await describeGguf(file.path)) });
  }
  post({ type: 'found', models });
}

parent.listen(async (message) => {
  try {
    const request = convertRequestSchema.parse(message);
    await (request.type === 'find' ? find(request.home) : convert(request));
  } catch (cause) {
    log.error('a GGUF file could not be read', cause);
    post({ type: 'failed', failure: failureOf(cause) });
  }
});
