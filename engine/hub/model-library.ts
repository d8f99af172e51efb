/** Which models there are on this machine: those that were fetched, and those that lie somewhere else and are only named. */
import { lstatSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { errorOf, failureOf, ProximaError } from '../errors.ts';
import { type ImportOptions, importGguf, modelNameOf } from '../folders/import-gguf.ts';
import { openModelFolder } from '../folders/node.ts';
import { reallyWithin, realPath } from '../folders/paths.ts';
import { assessModel, type CutCheck, type ModelAssessment } from '../model/assess.ts';
import { judgeCut } from '../model/judge.ts';
import { createCpuRuntime } from '../runtime/cpu.ts';
import type { Dtype } from './dtypes.ts';
import { requireRepository } from './repository.ts';

export type { ModelAssessment, ModelFacts } from '../model/assess.ts';

export interface KnownModel {
  readonly name: string;
  readonly folder: string;
  /** Whether it is Proxima's own copy, which goes when the model is removed. */
  readonly own: boolean;
}

export interface AssessedModel extends KnownModel {
  readonly assessment: ModelAssessment;
}

const fileSchema = z.object({
  version: z.literal(1),
  models: z.array(z.object({ name: z.string(), folder: z.string(), own: z.boolean() })),
});

export class ModelLibrary {
  readonly #folder: string;

  /** folder: where fetched models and the list of all of them are kept. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<AssessedModel[]> {
    const models = await this.#read();
    return Promise.all(models.map(async (each) => ({ ...each, assessment: await assess(each.folder) })));
  }

  /** Rejects with `entry-missing`. */
  async find(name: string): Promise<KnownModel> {
    const models = await this.#read();
    const model = models.find((each) => each.name === name);
    if (model) return model;
    throw new ProximaError('entry-missing', { what: 'model', name });
  }

  /** Where a model of a repository goes. Throws `option-invalid`, and `storage-failed` where a link leads out of the models. */
  folderFor(repository: string, dtype: Dtype): string {
    const name = `${requireRepository(repository).replace('/', '--')}-${dtype}`;
    const folder = reallyWithin(this.#folder, name);
    if (folder !== undefined) return folder;
    throw new ProximaError('storage-failed', { what: name, reason: 'its folder is a link that leads somewhere else' });
  }

  /** Names a folder; what is in it stays where it is. Rejects with `model-unsupported` where it can't run. */
  async add(folder: string, own: boolean): Promise<AssessedModel> {
    const path = resolve(folder);
    const assessment = await assess(path);
    if (assessment.failure) {
      throw errorOf(assessment.failure);
    }
    const models = await this.#read();
    const others = models.filter((each) => each.folder !== path);
    const model = { name: freeName(basename(path), others), folder: path, own };
    await this.#write([...others, model]);
    return { ...model, assessment };
  }

  /** Converts a GGUF file into a model of Proxima's own. Rejects as `importGguf` does. name: what it is called; left out: as the file. */
  async importGguf(path: string, options: ImportOptions = {}, name = modelNameOf(path)): Promise<AssessedModel> {
    const folder = await this.newFolder(name);
    await importGguf(resolve(path), folder, options);
    return this.add(folder, true);
  }

  /** Forgets a model, and deletes it where it is Proxima's own copy. Rejects with `entry-missing`. */
  async remove(name: string): Promise<KnownModel> {
    const model = await this.find(name);
    await this.#write((await this.#read()).filter((each) => each.name !== name));
    if (model.own && this.#holds(model.folder)) await rm(model.folder, { recursive: true, force: true });
    return model;
  }

  /** Whether a folder is one of its own: the list may have been written by anybody. */
  #holds(folder: string): boolean {
    const isFolder = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
    return isFolder && realPath(dirname(folder)) === realPath(this.#folder);
  }

  /** Where a model of this name may be written. */
  async newFolder(title: string): Promise<string> {
    const name = folderName(title);
    for (let count = 1; ; count++) {
      const folder = join(this.#folder, count === 1 ? name : `${name}-${count}`);
      if (!(await stat(folder).catch(() => undefined))) return folder;
    }
  }

  get #file(): string {
    return join(this.#folder, 'models.json');
  }

  async #read(): Promise<KnownModel[]> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch {
      return [];
    }
    const parsed = fileSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data.models;
    throw new ProximaError('storage-failed', { what: this.#file, reason: 'it is damaged' });
  }

  async #write(models: readonly KnownModel[]): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const partial = `${this.#file}.partial`;
    await writeFile(partial, `${JSON.stringify({ version: 1, models }, null, 2)}\n`);
    await rename(partial, this.#file);
  }
}

export async function assess(folder: string): Promise<ModelAssessment> {
  try {
    const check: CutCheck = (cut, config) =>
      judgeCut(cut, createCpuRuntime({ threads: 1 }), config, join(folder, 'onnx'));
    return await assessModel(await openModelFolder(folder), check);
  } catch (cause) {
    if (!(cause instanceof ProximaError)) throw cause;
    return {
      name: basename(folder),
      verdict: 'not supported',
      failure: failureOf(cause),
      facts: null,
    };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A name that every disk takes. */
function folderName(name: string): string {
  return (
    name
      .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 100) || 'model'
  );
}

function freeName(wanted: string, others: readonly KnownModel[]): string {
  const taken = new Set(others.map(({ name }) => name));
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`;
  return name;
}
