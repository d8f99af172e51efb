/** Loads models from folders on disk, for a host of this machine. */
import { join } from 'node:path';
import { openModelFolder } from '../folders/node.ts';
import { readerOf } from '../local/model-reader.ts';
import { log } from '../log/log.ts';
import { loadModel } from '../model/model.ts';
import { withExplored } from '../policy.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { LoadReader } from './host.ts';

export function loadReader(runtime: Runtime): LoadReader {
  return async (folder, onProgress, explored) => {
    const model = await loadModel(await openModelFolder(folder), runtime, {
      dataFolder: join(folder, 'onnx'),
      onProgress,
    });
    const onRefused = (cause: unknown) => log.warn('a plan that was explored is left out', cause);
    return readerOf(withExplored(model, explored, onRefused), runtime);
  };
}
