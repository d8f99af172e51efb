/** `npm run ask … --separate`: each question is asked as if it were the only one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Answer } from '../../engine/engine.ts';
import { ask, temporaryFolder } from './command.ts';

const PROSE = 'The weather was fair and nothing was said of it. ';
const QUESTIONS = ['What is the toll of the Vernon Bridge?', 'Who is the owner of the Corwin Mill?'] as const;

it('gives each question the answer that it gets by itself, to the last digit of its evidence', async () => {
  const file = join(temporaryFolder(), 'both.txt');
  const facts = 'The toll of the Vernon Bridge is 4 dollars. The owner of the Corwin Mill is Ada Thorne. ';
  writeFileSync(file, `${PROSE.repeat(60)}${facts}${PROSE.repeat(60)}`);
  const answersTo = async (...parameters: string[]) => {
    const { stdout } = await ask([file, ...parameters, '--json']);
    const { answers } = JSON.parse(stdout) as { answers: Answer[] };
    return answers.map(({ answer, pages }) => ({ answer, pages }));
  };
  const [first, second] = QUESTIONS;
  const alone = [...(await answersTo(first)), ...(await answersTo(second))];
  expect(alone.map(({ answer }) => answer)).toEqual(['4 dollars', 'Ada Thorne']);
  const both = ['--question', first, '--question', second];
  expect(await answersTo(...both, '--separate')).toEqual(alone);
  // In a conversation the turn before is in the context, and looked at as well.
  expect((await answersTo(...both))[1]).not.toEqual(alone[1]);
});
