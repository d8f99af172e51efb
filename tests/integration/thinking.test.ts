/** A template that opens a block of thinking itself: what the model writes up to its end is no answer. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openModelFolder } from '../../engine/folders/node.ts';
import { Reading } from '../../engine/local/reading.ts';
import { loadModel } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { splitThinking } from '../../engine/thinking.ts';
import { READER, temporaryFolder } from './command.ts';

const pages = [{ number: 1, text: 'The access code of Marsh Hall is 4471. It rained all day, and nobody went out.' }];
const QUESTION = { text: 'What is the access code of Marsh Hall?', turns: [], maxTokens: 12 };

/** The reader, whose template ends with this behind the question. */
function readerOpening(tail: string): string {
  const folder = temporaryFolder();
  cpSync(READER, folder, { recursive: true });
  const path = join(folder, 'tokenizer_config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...config, chat_template: `${config.chat_template}${tail}` }));
  return folder;
}

async function answerOf(folder: string): Promise<{ answer: string; told: string }> {
  const runtime = createCpuRuntime({ threads: 1 });
  const loaded = await loadModel(await openModelFolder(folder), runtime, { dataFolder: join(folder, 'onnx') });
  // The reader has never thought, and would stop at once.
  const model = { ...loaded, config: { ...loaded.config, stopTokens: new Set<number>() } };
  const reading = await Reading.open(model, choosePolicy(model), { pages }, { availableBytes: 2 ** 32 });
  let told = '';
  const { answer } = await reading.ask(QUESTION, { onText: (text) => (told += text) });
  reading.close();
  await model.decoder.close();
  return { answer, told };
}

it('is folded, as it comes and when it is done', async () => {
  const { answer, told } = await answerOf(readerOpening('<think>\n'));
  expect(answer).toMatch(/^<think>\s*./);
  expect(told.trim()).toBe(answer);
  expect(splitThinking(answer)).toMatchObject({ answer: '', thinking: expect.stringMatching(/./) });
});

it('is nothing where the template closes it again', async () => {
  const { answer } = await answerOf(readerOpening('<think>\n\n</think>\n\n'));
  expect(splitThinking(answer)).toEqual({ thinking: null, answer });
});
