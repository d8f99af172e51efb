/** What an exploration that was stopped finds again. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CachePlan, densePlan, sharingPlan } from '../../../engine/cache/plan.ts';
import { remembering } from '../../../engine/explore/known-costs.ts';
import type { Cost } from '../../../engine/explore/search.ts';
import { openKnownCosts } from '../../../engine/folders/known-costs.ts';
import { temporaryFolder } from '../../integration/command.ts';

const texts = [
  { ids: [1, 2, 3], questions: [{ prompt: [4], answer: [5] }] },
  { ids: [6, 7], questions: [] },
];
const following = sharingPlan([[0], [0]]);

function counting(): { cost: Cost; asked: [CachePlan, boolean][] } {
  const asked: [CachePlan, boolean][] = [];
  const cost: Cost = async (plan, sample) => {
    asked.push([plan, sample]);
    return { loss: asked.length, perplexity: 2, found: 1, planted: 1 };
  };
  return { cost, asked };
}

describe('known costs', () => {
  it('are found again by another process, for the same plan, texts and model only', async () => {
    const path = join(temporaryFolder(), 'costs');
    const first = counting();
    const ask = await remembering(first.cost, openKnownCosts(path), 'reader 5', texts);
    const measured = [await ask(densePlan(2, 1), false), await ask(following, false), await ask(following, true)];
    expect(await ask(following, false)).toEqual(measured[1]);
    expect(first.asked).toHaveLength(3);

    // It was ended in the middle of a line, and somebody else wrote into the file.
    appendFileSync(path, '\n{"key": "x", "cost": 3}\n{"key": "');
    const second = counting();
    const again = await remembering(second.cost, openKnownCosts(path), 'reader 5', texts);
    expect([await again(densePlan(2, 1), false), await again(following, false)]).toEqual(measured.slice(0, 2));
    expect(second.asked).toEqual([]);
    const others = await remembering(second.cost, openKnownCosts(path), 'reader 6', texts);
    await others(following, false);
    const elsewhere = await remembering(second.cost, openKnownCosts(path), 'reader 5', texts.toReversed());
    await elsewhere(following, false);
    await again(sharingPlan([[0], [1]]), true);
    expect(second.asked).toHaveLength(3);
    // What comes behind a cut line is found as well.
    expect(
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}}')),
    ).toHaveLength(6);
  });
});
