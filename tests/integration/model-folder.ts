/** Whole model folders made of parity fixtures. */
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { READER, ROOT, temporaryFolder } from './command.ts';

/** A parity fixture has no tokenizer: the reader's is put beside it, and the vocabulary told to be as large. */
export function completed(fixture: string, home = join(ROOT, 'tests/fixtures/parity')): string {
  const folder = join(temporaryFolder(), fixture);
  cpSync(join(home, fixture), folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) cpSync(join(READER, name), join(folder, name));
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, vocab_size: 8192 }));
  return folder;
}

/** What a folder's own files say of its shape, as a model's facts name it; `unbounded`: layers that see all of a document. */
export function shapeOf(folder: string, unbounded: number) {
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  return {
    modelType: config.model_type,
    contextTokens: config.max_position_embeddings,
    vocabulary: config.vocab_size,
    layers: config.num_hidden_layers,
    queryHeads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    weightBytes: statSync(join(folder, 'onnx/model.onnx')).size,
    // Keys and values, two bytes each.
    denseBytesPerThousand: 1000 * unbounded * config.num_key_value_heads * config.head_dim * 2 * 2,
    mostSaving: 0.5 * (1 - 1 / unbounded),
    withoutPod: null,
  };
}
