/** A cache plan and the picture that goes with it, beside the model. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePlanFile } from '../cache/plan-file.ts';
import type { Exploration } from '../explore/find-plan.ts';
import { drawPlan } from '../explore/plan-picture.ts';

/** A plan that a model was trained under is never written over. */
export function planTarget(folder: string): string {
  const own = join(folder, 'pod.json');
  const adapted =
    existsSync(own) && parsePlanFile(readFileSync(own, 'utf8'), 'pod.json').plans.some((plan) => plan.adapted);
  return adapted ? join(folder, 'pod.explored.json') : own;
}

/** The plan, a picture of each of its plans, and one of how alike layers look: gives where that lies. */
export async function writePlan(target: string, { plan, picture }: Exploration): Promise<string> {
  const stem = target.replace(/\.json$/, '');
  await writeFile(target, `${JSON.stringify(plan, null, 2)}\n`);
  for (const { id, label, units } of plan.plans) await writeFile(`${stem}.${id}.svg`, drawPlan({ units }, label));
  await writeFile(`${stem}.svg`, picture);
  return `${stem}.svg`;
}
