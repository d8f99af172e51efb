/** Whole model folders made of parity fixtures. */
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFile } from '../../engine/folders/node.ts';
import { readOnnx } from '../../engine/model/onnx.ts';
import { assembleModel } from '../../engine/model/onnx-writer.ts';
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

/**
 * The built-in reader without all but its first layers, and without a plan: it answers nothing, but is loaded, read under plans and
 * explored like any other, in a fraction of the time.
 */
export async function shallowReader(layers: number, folder = join(temporaryFolder(), 'shallow')): Promise<string> {
  cpSync(READER, folder, { recursive: true, filter: (path) => !path.endsWith('pod.json') });
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: layers }));
  const source = await openFile(join(READER, 'onnx/model.onnx'));
  const model = await readOnnx(source);
  const isKept = ({ name }: { readonly name: string }) => {
    const layer = /(?:layers|past_key_values|present)\.(\d+)/.exec(name)?.[1];
    return layer === undefined || Number(layer) < layers;
  };
  const nodes = model.nodes.filter(isKept);
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const graph = await assembleModel(
    {
      modelFields: model.modelFields,
      nodes: nodes.map(({ name, bytes }) => (name === '/model/norm' ? takingLayer(bytes, layers - 1) : bytes)),
      inputs: model.inputs.filter(isKept).map(({ bytes }) => bytes),
      outputs: model.outputs.filter(isKept).map(({ bytes }) => bytes),
      initializers: [...model.initializers.values()].filter(({ name }) => used.has(name)),
    },
    source,
  );
  await source.close();
  writeFileSync(join(folder, 'onnx/model.onnx'), graph);
  return folder;
}

/** An encoded node that takes another layer's tensors: names of the same length, so that nothing else moves. */
function takingLayer(node: Uint8Array, layer: number): Uint8Array {
  return Buffer.from(
    Buffer.from(node)
      .toString('latin1')
      .replaceAll(/layers\.\d/g, `layers.${layer}`),
    'latin1',
  );
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
