/** What a model's files say of how it is to be used: where answers end, and how tokens are drawn. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openModelFolder } from '../../engine/folders/node.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { READER, temporaryFolder } from './command.ts';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const FILES = ['config.json', 'generation_config.json', 'tokenizer_config.json'] as const;
type Changes = Partial<Record<(typeof FILES)[number], object>>;

/** The reader without an end in any file, but for what is said here. */
async function load(changes: Changes): Promise<Model['config']> {
  cpSync(READER, folder, { recursive: true });
  for (const name of FILES) {
    const { eos_token_id, eos_token, ...rest } = JSON.parse(readFileSync(join(READER, name), 'utf8'));
    writeFileSync(join(folder, name), JSON.stringify({ ...rest, ...changes[name] }));
  }
  const model = await loadModel(await openModelFolder(folder), createCpuRuntime({ threads: 1 }), {
    dataFolder: join(folder, 'onnx'),
  });
  await model.decoder.close();
  return model.config;
}

describe('a model’s files', () => {
  const { eos_token: end } = JSON.parse(readFileSync(join(READER, 'tokenizer_config.json'), 'utf8'));
  const { eos_token_id: id } = JSON.parse(readFileSync(join(READER, 'config.json'), 'utf8'));

  it.each<[string, Changes, number[]]>([
    ['nowhere', {}, []],
    ['in config.json', { 'config.json': { eos_token_id: id } }, [id]],
    ['in generation_config.json, several', { 'generation_config.json': { eos_token_id: [id, 7] } }, [id, 7]],
    ['in tokenizer_config.json', { 'tokenizer_config.json': { eos_token: end } }, [id]],
    ['in tokenizer_config.json, as an object', { 'tokenizer_config.json': { eos_token: { content: end } } }, [id]],
    [
      'in all, each its own',
      {
        'config.json': { eos_token_id: 5 },
        'generation_config.json': { eos_token_id: 6 },
        'tokenizer_config.json': { eos_token: end },
      },
      [5, 6, id],
    ],
  ])('say where an answer ends: %s', async (_title, changes, expected) => {
    expect([...(await load(changes)).stopTokens].sort()).toEqual([...expected].sort());
  });

  it('say how tokens are drawn; as transformers does where they are silent', async () => {
    const { sampling } = await load({ 'generation_config.json': { do_sample: true, temperature: 0.6, top_p: 0.95 } });
    expect(sampling).toEqual({ temperature: 0.6, topK: 50, topP: 0.95, repetitionPenalty: 1 });
    const greedy = await load({ 'generation_config.json': { temperature: 0.6, repetition_penalty: 1.1 } });
    expect(greedy.sampling).toEqual({ temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1.1 });
  });
});
