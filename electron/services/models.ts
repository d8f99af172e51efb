/** The models of this machine as the screen shows them: every figure of theirs comes from their own files. */
import { readFile } from 'node:fs/promises';
import type { PlanStore } from '../../engine/folders/plan-store.ts';
import { type CatalogueModel, cacheBytesPerThousand, catalogueSchema } from '../../engine/hub/catalogue.ts';
import { dtypesOf, filesOf, type Hub, listRepository } from '../../engine/hub/hub.ts';
import { assess, type KnownModel, type ModelLibrary } from '../../engine/hub/model-library.ts';
import type { CatalogueEntry, ModelEntry, RepositoryChoices } from '../contract.ts';

/** The built-in one first, under no name: that is how the settings choose it. */
export async function modelEntries(builtIn: string, library: ModelLibrary, plans: PlanStore): Promise<ModelEntry[]> {
  const [own, others] = await Promise.all([assess(builtIn), library.list()]);
  const told = async (model: Assessed, isBuiltIn: boolean) => entryOf(await withExplored(model, plans), isBuiltIn);
  return Promise.all([
    told({ name: own.name, folder: builtIn, own: false, assessment: own }, true),
    ...others.map((each) => told(each, false)),
  ]);
}

/** What was explored of a model that was not trained under a plan is what is known of its plans. */
async function withExplored(model: Assessed, plans: PlanStore): Promise<Assessed> {
  const { facts } = model.assessment;
  if (!facts || facts.plan === 'adapted') return model;
  const explored = (await plans.find(model.folder).catch(() => undefined))?.plans[0]; // The engine tells of a damaged file.
  if (!explored) return model;
  const known = { ...facts, plan: 'not adapted' as const, check: explored.check ?? null };
  return { ...model, assessment: { ...model.assessment, facts: known } };
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
