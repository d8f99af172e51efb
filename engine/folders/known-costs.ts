/** What plans were measured to cost, a line each in a file, so that an exploration that was stopped goes on where it stood. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { KnownCosts } from '../explore/known-costs.ts';

const lineSchema = z.object({
  key: z.string(),
  cost: z.object({ loss: z.number(), perplexity: z.number(), found: z.number(), planted: z.number() }),
});

/** A line that was cut off, or is not ours, counts as not there. */
export function openKnownCosts(path: string): KnownCosts {
  const costs = new Map<string, z.infer<typeof lineSchema>['cost']>();
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    const parsed = lineSchema.safeParse(parseLine(line));
    if (parsed.success) costs.set(parsed.data.key, parsed.data.cost);
  }
  return {
    get: (key) => costs.get(key),
    set: (key, cost) => {
      costs.set(key, cost);
      appendFileSync(path, `\n${JSON.stringify({ key, cost })}`);
    },
  };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
