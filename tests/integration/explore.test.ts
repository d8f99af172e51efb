/** `npm run explore` as people run it: a plan for a model, found by the engine on a document, written beside it, and usable. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parsePlanFile } from '../../engine/cache/plan-file.ts';
import { ask, READER, ROOT, temporaryFolder } from './command.ts';

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
  const folder = join(temporaryFolder(), 'model');
  const document = join(temporaryFolder(), 'walks.txt');
  const short = join(temporaryFolder(), 'short.txt');

  beforeAll(() => {
    cpSync(READER, folder, { recursive: true });
    writeFileSync(document, PROSE.repeat(30));
    writeFileSync(short, PROSE);
  });

  it('finds a plan, says what it costs, and never writes over one that was trained', async () => {
    const { code, stdout } = await explore('--model', folder, '--document', document, '--saving', '12.5', '--json');
    expect(code).toBe(0);
    const { plan, saving, similarity, check, curve, target, picture } = JSON.parse(stdout);
    expect(target).toBe(join(folder, 'pod.explored.json'));
    expect(parsePlanFile(readFileSync(target, 'utf8'), target)).toEqual(plan);
    expect(plan.plans[0]).toMatchObject({ adapted: false, found: expect.stringMatching(/walks\.txt; not adapted/) });
    expect(saving).toBeGreaterThanOrEqual(0.125);
    expect([similarity.length, similarity[0].length, similarity[0][0].length]).toEqual([2, 8, 8]);
    expect(check.dense.found).toBeGreaterThanOrEqual(4);
    expect(check.plan.planted).toBe(6);
    const savings = curve.map((step: { saving: number }) => step.saving);
    expect(savings).toEqual([...new Set<number>(savings)].sort((a, b) => a - b));
    expect([savings[0], savings.at(-1)]).toEqual([0, saving]);
    expect(readFileSync(picture, 'utf8')).toMatch(/^<svg/);
    const trained = readFileSync(join(folder, 'pod.json'), 'utf8');
    expect(trained).toBe(readFileSync(join(READER, 'pod.json'), 'utf8'));
  });

  it('says in words what is in the way', async () => {
    const cases: readonly [string[], RegExp][] = [
      [['--document', short], /short\.txt has \d+ tokens.*\[document-too-short\]/],
      [['--document', join(folder, 'none.pdf')], /\[file-missing\]/],
      [['--document', document, '--model', join(folder, 'nothing')], /\[model-missing\]/],
    ];
    for (const [parameters, words] of cases) {
      const { code, stderr } = await explore(...parameters);
      expect(code).toBe(1);
      expect(stderr).toMatch(words);
    }
  });

  it('gives a plan that answers, labelled as not adapted', async () => {
    const plan = join(folder, 'pod.explored.json');
    expect(existsSync(plan)).toBe(true);
    const note = join(temporaryFolder(), 'note.txt');
    writeFileSync(note, `${PROSE.repeat(10)}The toll of the Vernon Bridge is 4 dollars. ${PROSE.repeat(10)}`);
    const question = 'What is the toll of the Vernon Bridge?';
    const { stdout } = await ask([note, question, '--model', folder, '--plan', plan]);
    expect(stdout).toMatch(/A: 4 dollars/);
    expect(stdout).toMatch(/was not trained for this cache plan \(explored on walks\.txt/);
    rmSync(folder, { recursive: true });
  });
});
