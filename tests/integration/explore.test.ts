/** `npm run explore` as people run it: a plan for a model, found by the engine on a document, kept in the data folder, and used. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PlanStore, readPlans } from '../../engine/folders/plan-store.ts';
import { ask, ROOT, temporaryFolder } from './command.ts';
import { shallowReader } from './model-folder.ts';

const PROSE =
  'The weather was fair and nothing was said of it. In the afternoon they walked down to the river, where the boats lay. ';

function explore(...parameters: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'engine/programs/explore.ts'), ...parameters]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

describe('npm run explore', () => {
  const [home, folder] = [join(temporaryFolder(), 'data'), join(temporaryFolder(), 'model')];
  const document = join(temporaryFolder(), 'walks.txt');
  const short = join(temporaryFolder(), 'short.txt');

  beforeAll(async () => {
    await shallowReader(2, folder);
    writeFileSync(document, PROSE.repeat(30));
    writeFileSync(short, PROSE);
  });

  it('finds a plan, says what it costs, and keeps it in the data folder: the model’s own is left as it was', async () => {
    const before = filesOf(folder);
    const parameters = ['--model', folder, '--data', home, '--document', document, '--saving', '60', '--json'];
    const { code, stdout } = await explore(...parameters);
    expect(code).toBe(0);
    const { plan, saving, similarity, check, curve, target, picture } = JSON.parse(stdout);
    expect(filesOf(folder)).toEqual(before);
    expect(dirname(target)).toBe(join(home, 'plans'));
    expect(await readPlans(target)).toEqual(plan);
    expect(await new PlanStore(join(home, 'plans')).find(folder)).toEqual(plan);
    expect(plan.plans[0]).toMatchObject({ adapted: false, found: expect.stringMatching(/walks\.txt; not adapted/) });
    expect(saving).toBeGreaterThanOrEqual(0.6);
    expect([similarity.length, similarity[0].length, similarity[0][0].length]).toEqual([2, 2, 2]);
    expect([check.dense.planted, check.plan.planted]).toEqual([6, 6]);
    const savings = curve.map((step: { saving: number }) => step.saving);
    expect(savings).toEqual([...new Set<number>(savings)].sort((a, b) => a - b));
    expect([savings[0], savings.at(-1)]).toEqual([0, saving]);
    expect(readFileSync(picture, 'utf8')).toMatch(/^<svg/);
    expect(readdirSync(join(home, 'plans')).filter((name) => name.endsWith('.measured'))).toEqual([]);
  });

  it('says in words what is in the way', async () => {
    const cases: readonly [string[], RegExp][] = [
      [['--document', short], /short\.txt has \d+ tokens.*\[document-too-short\]/],
      [['--document', join(folder, 'none.pdf')], /\[file-missing\]/],
      [['--document', document, '--model', join(folder, 'nothing')], /\[model-missing\]/],
    ];
    for (const [parameters, words] of cases) {
      const { code, stderr } = await explore('--data', home, ...parameters);
      expect(code).toBe(1);
      expect(stderr).toMatch(words);
    }
  });

  it('gives a plan that is found again wherever the model lies, and used, labelled as not adapted', async () => {
    const elsewhere = join(temporaryFolder(), 'elsewhere');
    renameSync(folder, elsewhere);
    const { stdout } = await ask([document, 'Who?', '--model', elsewhere, '--data', home, '--max-tokens', '2']);
    expect(stdout).toMatch(/KV cache \(Explored\)/);
    expect(stdout).toMatch(/was not trained for this cache plan \(explored on walks\.txt/);
  });

  it('measures the plans of a file that was kept, and finds what exploring found', async () => {
    const [name = ''] = filesOf(join(home, 'plans')).filter((each) => each.endsWith('.json'));
    const kept = join(home, 'plans', name);
    const elsewhere = join(temporaryFolder(), 'again');
    await shallowReader(2, elsewhere);
    const { stdout } = await explore('--model', elsewhere, '--document', document, '--data', home, '--check', kept);
    const [before, again] = [(await readPlans(kept)).plans[0]?.check, JSON.parse(stdout).plans[0].check];
    expect(again).toMatchObject({ documents: ['walks.txt'], saving: before?.saving });
    expect(again.plan.loss).toBeCloseTo(before?.plan.loss ?? 0, 4);
    expect(again.dense.loss).toBeCloseTo(before?.dense.loss ?? 0, 4);
  });
});

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}
