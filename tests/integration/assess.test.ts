/** What a folder is judged to be: two that run, and some that do not; every figure comes from the folder's own files. */

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModelFolder } from '../../engine/folders/node.ts';
import { assess as assessWithRuntime } from '../../engine/hub/model-library.ts';
import { assessModel } from '../../engine/model/assess.ts';
import { withoutPodWords } from '../../engine/words/models.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { READER, temporaryFolder } from './command.ts';
import { completed, shapeOf } from './model-folder.ts';

const assess = async (folder: string) => assessModel(await openModelFolder(folder));
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

function changed(file: string, change: (text: string) => string): string {
  const folder = temporaryFolder();
  cpSync(READER, folder, { recursive: true });
  writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));
  return folder;
}

describe('a model folder', () => {
  it('is told by its own files: the built-in reader', async () => {
    expect(await assess(READER)).toEqual({
      name: 'reader',
      verdict: 'supported',
      failure: null,
      facts: { ...shapeOf(READER, 8), plan: 'adapted', check: null },
    });
  });

  it('is told by its own files: a Qwen3 with norms in the attention', async () => {
    const folder = completed('qwen3-norm-inputs-packed');
    const config = json(join(folder, 'config.json'));
    const { verdict, facts } = await assess(folder);
    expect(verdict).toBe('supported');
    expect(facts).toMatchObject({
      modelType: 'qwen3',
      layers: config.num_hidden_layers,
      queryHeads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads,
      headSize: config.head_dim,
      plan: 'none',
    });
  });

  it('is told by its language model where the config has it one level down', async () => {
    const nested = (text: string) => {
      const { model_type, eos_token_id, ...own } = JSON.parse(text);
      return JSON.stringify({
        model_type: 'seeing',
        eos_token_id,
        text_config: { model_type, eos_token_id: null, ...own },
      });
    };
    const { verdict, facts } = await assess(changed('config.json', nested));
    expect([verdict, facts]).toEqual(['supported', { ...shapeOf(READER, 8), plan: 'adapted', check: null }]);
    const bare = changed('config.json', () => '{"model_type": "seeing", "text_config": {"model_type": "llama"}}');
    const { failure } = await assess(bare);
    expect(failure).toMatchObject({ code: 'model-unsupported', detail: { feature: 'nested config' } });
  });

  it('is refused for several graphs, and for kernels that the runtime does not have', async () => {
    const several = changed('config.json', (text) => text);
    renameSync(join(several, 'onnx/model.onnx'), join(several, 'onnx/decoder_model_merged_q4.onnx'));
    expect((await assess(several)).failure).toMatchObject({ detail: { feature: 'several graphs' } });
    const odd = completed('llama-packed-rotary-in');
    const graph = join(odd, 'onnx/model.onnx');
    const renamed = readFileSync(graph, 'latin1').replaceAll('SkipSimplified', 'SkipComplicate');
    writeFileSync(graph, renamed, 'latin1');
    const { failure } = await assessWithRuntime(odd);
    expect(failure).toMatchObject({ code: 'model-unsupported', detail: { feature: 'kernel' } });
    expect(failure && sentencesFor(failure, 'terminal')).toMatch(/^onnxruntime can't run this graph: .*SkipComplicate/);
  });

  it('says in words why a model runs without PoD', () => {
    expect(withoutPodWords({ reason: 'windows', unbounded: 1 })).toMatch(/^Only one layer sees the whole text/);
    expect(withoutPodWords({ reason: 'windows', unbounded: 0 })).toMatch(/^Every layer sees only a window/);
    expect(withoutPodWords({ reason: 'rotaries' })).toMatch(/turns its keys in its own way/);
  });

  it('is not supported, and says why', async () => {
    const cases: readonly [string, RegExp][] = [
      [
        changed('config.json', (text) => text.replace(/"num_hidden_layers": \d+/, '"num_hidden_layers": 3')),
        /3 layers/,
      ],
      [changed('config.json', (text) => text.slice(0, 40)), /config\.json/],
      [changed('tokenizer.json', () => '{}'), /tokenizer/],
      [changed('pod.json', () => '{"version": 2}'), /pod\.json is no plan file/],
      [changed('config.json', (text) => text.replace(/"vocab_size": \d+/, '"vocab_size": 100')), /only 100/],
    ];
    const empty = changed('config.json', (text) => text);
    rmSync(join(empty, 'onnx/model.onnx'));
    for (const [folder, reason] of [...cases, [empty, /none of onnx/] as const]) {
      const { verdict, failure } = await assess(folder);
      expect([verdict, failure && sentencesFor(failure, 'terminal')]).toEqual([
        'not supported',
        expect.stringMatching(reason),
      ]);
    }
  });
});
