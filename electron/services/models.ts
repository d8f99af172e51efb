/** The models of this machine as the screen shows them: every figure of theirs comes from their own files. */
import { readFile } from 'node:fs/promises';
import { type CatalogueModel, cacheBytesPerThousand, catalogueSchema } from '../../engine/hub/catalogue.ts';
import { dtypesOf, filesOf, type Hub, listRepository } from '../../engine/hub/hub.ts';
import { assess, type KnownModel, type ModelLibrary } from '../../engine/hub/model-library.ts';
import type { CatalogueEntry, ModelEntry, RepositoryChoices } from '../contract.ts';

/** The built-in one first, under no name: that is how the settings choose it. */
export async function modelEntries(builtIn: string, library: ModelLibrary): Promise<ModelEntry[]> {
  const assessed = await Promise.all([assess(builtIn), library.list()]);
  const [own, others] = assessed;
  return [
    entryOf({ name: own.name, folder: builtIn, own: false, assessment: own }, true),
    ...others.map((each) => entryOf(each, false)),
  ];
}

type Assessed = KnownModel & { readonly assessment: Awaited<ReturnType<typeof assess>> };

function entryOf({ name, own, assessment: { verdict, failure, facts } }: Assessed, builtIn: boolean): ModelEntry {
  return { name, builtIn, own, verdict, failure, facts };
}

export async function readCatalogue(file: string): Promise<CatalogueEntry[]> {
  const { models } = catalogueSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  return models.map((model: CatalogueModel) => ({ ...model, cacheBytesPerThousand: cacheBytesPerThousand(model) }));
}

/** Asks the hub what there is of a model. Rejects as `listRepository` does, or with `download-missing`. */
export async function choicesOf(hub: Hub, repository: string): Promise<RepositoryChoices> {
  const { files } = await listRepository(hub, repository);
  const choices = dtypesOf(files).map((dtype) => ({
    dtype,
    bytes: filesOf(files, dtype).reduce((sum, { bytes }) => sum + bytes, 0),
  }));
  if (choices.length === 0) filesOf(files, 'q4'); // Says what is amiss.
  return { repository, choices };
}
