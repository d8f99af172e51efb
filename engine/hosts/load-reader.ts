/** Loads models from folders on disk, for a host of this machine. */
import { join } from 'node:path';
import { openModelFolder } from '../folders/node.ts';
import { readerOf } from '../local/model-reader.ts';
import { loadModel } from '../model/model.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { LoadReader } from './host.ts';

export function loadReader(runtime: Runtime): LoadReader {
  return async (folder, onProgress) => {
    const model = await loadModel(await openModelFolder(folder), runtime, {
      dataFolder: join(folder, 'onnx'),
      onProgress,
    });
    return readerOf(model, runtime);
  };
}
