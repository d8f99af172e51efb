/** A cache plan and the picture that goes with it, beside the model. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePlanFile } from '../cache/plan-file.ts';
import type { Exploration } from '../explore/find-plan.ts';

/** A plan that a model was trained under is never written over. */
export function planTarget(folder: string): string {
  const own = join(folder, 'pod.json');
  const adapted =
    existsSync(own) && parsePlanFile(readFileSync(own, 'utf8'), 'pod.json').plans.some((plan) => plan.adapted);
  return adapted ? join(folder, 'pod.explored.json') : own;
}

/** Gives where the picture lies. */
export async function writePlan(target: string, { plan, picture }: Exploration): Promise<string> {
  const drawn = `${target.replace(/\.json$/, '')}.svg`;
  await writeFile(target, `${JSON.stringify(plan, null, 2)}\n`);
  await writeFile(drawn, picture);
  return drawn;
}
