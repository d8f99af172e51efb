/** Explored plans in the data folder: found by what a model is, replaced, forgotten; whatever is in the folder. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { densePlan } from '../../../engine/cache/plan.ts';
import type { Exploration } from '../../../engine/explore/find-plan.ts';
import { PlanStore } from '../../../engine/folders/plan-store.ts';

let home: string;
let store: PlanStore;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'proxima-plans-'));
  store = new PlanStore(join(home, 'plans'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A model's folder as far as the store looks: a config, and weights of which `tuned` says where they differ. */
function model(name: string, tuned = 0): string {
  const folder = join(home, name);
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'config.json'), '{"num_hidden_layers": 1}');
  const weights = new Uint8Array(300_000);
  weights[150_000] = tuned;
  writeFileSync(join(folder, 'onnx/model.onnx'), 'the same graph');
  writeFileSync(join(folder, 'onnx/model.onnx_data'), weights);
  return folder;
}

function explored(found: string): Exploration {
  const units = densePlan(1, 1).units.map((row) => [...row]);
  const named = { id: 'explored', label: 'Explored', units, sinks: 16, recent: 256, adapted: false, found };
  const step = { plan: { units }, saving: 0, cost: { loss: 0, perplexity: 1, found: 0, planted: 0 } };
  return {
    plan: { version: 2, plans: [named] },
    found: { chosen: step, alone: [], steps: [step] },
    similarity: [],
    picture: '<svg/>',
  };
}

const foundFor = async (folder: string) => (await store.find(folder))?.plans[0]?.found;
const files = () => readdirSync(join(home, 'plans'));

it('finds a plan wherever the model lies, and no other model’s, though it has the same graph', async () => {
  const [one, other] = [model('one'), model('other', 1)];
  expect(await foundFor(one)).toBeUndefined();
  const { target, picture } = await store.keep(one, explored('first'));
  expect(readFileSync(picture, 'utf8')).toBe('<svg/>');
  renameSync(one, join(home, 'moved'));
  expect(await foundFor(join(home, 'moved'))).toBe('first');
  expect(await foundFor(other)).toBeUndefined();
  await store.keep(join(home, 'moved'), explored('second'));
  expect(await foundFor(join(home, 'moved'))).toBe('second');
  expect(files().filter((name) => name.endsWith('.json'))).toEqual([target.split('/').at(-1)]);
});

it('forgets what was explored of one model only, also when its folder has gone', async () => {
  const [one, other] = [model('one'), model('other', 1)];
  await store.keep(one, explored('first'));
  await store.keep(other, explored('other'));
  await store.forget(one);
  expect([await foundFor(one), await foundFor(other)]).toEqual([undefined, 'other']);
  rmSync(other, { recursive: true });
  await store.forget(other);
  expect(files()).toEqual([]);
  await new PlanStore(join(home, 'never')).forget(one); // Nothing was ever kept there.
});

it('says so where a file is damaged, and forgets it all the same', async () => {
  const one = model('one');
  const { target } = await store.keep(one, explored('first'));
  const whole = readFileSync(target, 'utf8');
  for (const content of ['', '{', whole.slice(0, -20), whole.replace('"lead"', '"rule"'), '[]']) {
    writeFileSync(target, content);
    await expect(store.find(one)).rejects.toMatchObject({ code: 'plan-invalid' });
  }
  await store.forget(one);
  expect(files()).toEqual([]);
});

it('leaves files alone that are none of the model’s', async () => {
  const one = model('one');
  await store.keep(one, explored('first'));
  cpSync(join(home, 'one/config.json'), join(home, 'plans/notes.json'));
  await store.forget(one);
  expect(files()).toEqual(['notes.json']);
});
