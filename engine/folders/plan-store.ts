/**
 * Plans that somebody has explored, in the data folder: a model's own folder may be read-only, or another program's. A file a
 * model, named by what the model is and not by where it lies, so that it is found wherever the model is opened from.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type PlanFile, parsePlanFile } from '../cache/plan-file.ts';
import { ProximaError } from '../errors.ts';
import type { Exploration } from '../explore/find-plan.ts';
import { drawPlan } from '../explore/plan-picture.ts';

/** Where command line and serve mode keep what they keep. */
export const DATA_FOLDER = join(homedir(), '.local/share/proxima');

/** Bytes of a file of weights that tell it from another of the same size. */
const LOOKED_AT = 1 << 16;

const fileSchema = z.object({ version: z.literal(1), folder: z.string(), plan: z.unknown() });

export class PlanStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A file for what has been measured of a model as long as there is no plan. Rejects with `model-missing`. */
  async measured(modelFolder: string): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    return `${await this.#stem(modelFolder)}.measured`;
  }

  /** What was explored of a model; undefined where nothing was, or there is no such model. Rejects with `plan-invalid`. */
  async find(modelFolder: string): Promise<PlanFile | undefined> {
    const path = await this.#file(modelFolder);
    return path !== undefined && existsSync(path) ? readPlans(path) : undefined;
  }

  /** Replaces what was explored of the model before. */
  async keep(modelFolder: string, exploration: Exploration): Promise<{ target: string; picture: string }> {
    await mkdir(this.#folder, { recursive: true });
    const content = { version: 1, folder: resolve(modelFolder), plan: exploration.plan };
    const kept = await writePlan(await this.#stem(modelFolder), exploration, content);
    await rm(await this.measured(modelFolder), { force: true });
    return kept;
  }

  /** Forgets what was explored of a model, also when its folder has gone. */
  async forget(modelFolder: string): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const ids = new Set([await fingerprint(modelFolder).catch(() => undefined)]);
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      if ((await madeFor(join(this.#folder, name))) === resolve(modelFolder)) ids.add(idOf(name));
    }
    for (const name of names) if (ids.has(idOf(name))) await rm(join(this.#folder, name), { force: true });
  }

  /** Where what is explored of a model is kept, without ending. */
  async #stem(modelFolder: string): Promise<string> {
    return join(this.#folder, await fingerprint(modelFolder));
  }

  #file(modelFolder: string): Promise<string | undefined> {
    return this.#stem(modelFolder).then(
      (stem) => `${stem}.json`,
      () => undefined,
    );
  }
}

/** The content as JSON, a picture of each plan, and one of how alike layers look: gives where they lie. */
export async function writePlan(
  stem: string,
  { plan, picture }: Exploration,
  content: unknown,
): Promise<{ target: string; picture: string }> {
  for (const { id, label, units } of plan.plans) await writeFile(`${stem}.${id}.svg`, drawPlan({ units }, label));
  await writeFile(`${stem}.svg`, picture);
  const target = `${stem}.json`;
  await writeFile(`${target}.partial`, `${JSON.stringify(content, null, 2)}\n`);
  await rename(`${target}.partial`, target);
  return { target, picture: `${stem}.svg` };
}

/** Plans of a file that was kept here, or of a plan file of any version. Rejects with `plan-invalid` or `file-missing`. */
export async function readPlans(path: string): Promise<PlanFile> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new ProximaError('file-missing', { path });
  });
  const kept = fileSchema.safeParse(parseJson(text));
  return parsePlanFile(kept.success ? JSON.stringify(kept.data.plan) : text, path);
}

async function madeFor(path: string): Promise<string | undefined> {
  const kept = fileSchema.safeParse(parseJson(await readFile(path, 'utf8').catch(() => '')));
  return kept.success ? kept.data.folder : undefined;
}

const idOf = (name: string) => name.split('.')[0];

/** Of the config, and of every file of weights its size and what stands in its middle: models of one shape differ there. */
async function fingerprint(modelFolder: string): Promise<string> {
  try {
    const hash = createHash('sha256').update(await readFile(join(modelFolder, 'config.json')));
    const weights = join(modelFolder, 'onnx');
    for (const name of (await readdir(weights)).sort()) hash.update(await middleOf(join(weights, name)));
    return hash.digest('hex').slice(0, 32);
  } catch {
    throw new ProximaError('model-missing', { place: modelFolder, lacks: 'its config or its graph' });
  }
}

async function middleOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const looked = new Uint8Array(LOOKED_AT + 8);
    new DataView(looked.buffer).setFloat64(0, size);
    await file.read(looked, 8, LOOKED_AT, Math.max(0, Math.floor((size - LOOKED_AT) / 2)));
    return looked;
  } finally {
    await file.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
