/** Judges a model of which not everything has come yet: its folder as it will be, of which some files can't be read. */
import { errorOf, ProximaError } from '../errors.ts';
import { openModelFolder } from '../folders/node.ts';
import { assessModel, readSayings } from '../model/assess.ts';
import { judgeCut } from '../model/judge.ts';
import type { ModelFolder } from '../model/source.ts';
import { createCpuRuntime } from '../runtime/cpu.ts';
import type { HubFile } from './hub.ts';

/** Whether config, tokenizer and template can be used. Rejects with `model-…` or `tokenizer-mismatch`. */
export async function requireReadable(path: string, files: readonly HubFile[]): Promise<void> {
  await readSayings(announced(await openModelFolder(path), files));
}

/** Whether the graph can be run, as far as that is seen without its weights. Rejects as `requireReadable` does, or with `plan-invalid`. */
export async function requireRunnable(path: string, files: readonly HubFile[]): Promise<void> {
  const folder = announced(await openModelFolder(path), files);
  const { failure } = await assessModel(folder, (cut, config) =>
    judgeCut(cut, createCpuRuntime({ threads: 1 }), config, undefined),
  );
  if (failure) throw errorOf(failure);
}

/** The folder with all of the files in it, those that are still to come with nothing but their sizes. */
function announced(folder: ModelFolder, files: readonly HubFile[]): ModelFolder {
  const sizes = new Map(files.map(({ path, bytes }) => [path, bytes]));
  return {
    name: folder.name,
    has: async (path) => sizes.has(path),
    open: async (path) => {
      if (await folder.has(path)) return folder.open(path);
      return {
        size: sizes.get(path) ?? 0,
        read: async () => {
          throw new ProximaError('model-data-missing', { file: path });
        },
        close: async () => {},
      };
    },
  };
}
