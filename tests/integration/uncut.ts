/**
 * onnxruntime on a whole graph, with none of our own attention: what cut graphs are compared with where PyTorch is no measure. The CPU's
 * GroupQueryAttention has no q/k norm, wants rotary caches as wide as a multiple of 8, and reads a LongRoPE table of two parts as one;
 * so norm and rotary are taken out of the nodes and put in front of them, as the exporter's own older graphs have them.
 */

import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openModelFolder } from '../../engine/folders/node.ts';
import { readConfig } from '../../engine/model/config.ts';
import { openGraph } from '../../engine/model/graph.ts';
import {
  type AttributeValue,
  elementTypeOf,
  type OnnxModel,
  type OnnxNode,
  readOnnx,
} from '../../engine/model/onnx.ts';
import {
  assembleModel,
  encodeConstant,
  encodeNode,
  encodeValue,
  type NodeDescription,
} from '../../engine/model/onnx-writer.ts';
import { type ModelFolder, readText } from '../../engine/model/source.ts';

const INT64 = 7;
const FLOAT16 = 10;
const FLOATS = new Set(['scale', 'softcap']);
const KEPT = ['num_heads', 'kv_num_heads', 'scale', 'softcap', 'local_window_size', 'smooth_softmax'];

interface Sizes {
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Elements of a head that rotary turns; 0: all. */
  readonly turned: number;
}

/** The logits of each row; all rows are read in one. */
export async function uncutLogits(path: string, ids: readonly number[]): Promise<Float32Array[]> {
  const folder = await openModelFolder(path);
  const {
    headSize = 0,
    contextTokens,
    shortContextTokens: border = Number.POSITIVE_INFINITY,
  } = await readConfig(folder);
  const source = await openGraph(folder);
  const model = await readOnnx(source);
  const session = await InferenceSession.create(
    await withBareAttention(model, headSize, await turnedOf(folder, headSize)),
    {
      logSeverityLevel: 3,
      extra: { session: { model_external_initializers_file_folder_path: join(path, 'onnx') } },
    },
  );
  await source.close();
  // A table of two parts is longer than the context; what the long texts' part begins with stands behind the short ones'.
  const rows = model.initializers.get('cos_cache')?.dimensions[0] ?? 0;
  const first = rows > contextTokens && ids.length > border ? border : 0;
  const integers = (value: (index: number) => number) =>
    new Tensor(
      'int64',
      BigInt64Array.from(ids, (_, index) => BigInt(value(index))),
      [1, ids.length],
    );
  const typed = (type: number, value: (index: number) => number) =>
    type === INT64
      ? integers(value)
      : new Tensor(
          'int32',
          Int32Array.from(ids, (_, index) => value(index)),
          [1, ids.length],
        );
  const feeds: Record<string, Tensor> = { rotary_positions: integers((index) => first + index) };
  for (const { name, elementType, dimensions } of model.inputs) {
    if (name === 'input_ids') feeds[name] = typed(elementType, (index) => ids[index] ?? 0);
    else if (name === 'attention_mask') feeds[name] = integers(() => 1);
    else if (name === 'position_ids') feeds[name] = integers((index) => index);
    else feeds[name] = nothing(elementType, [1, Number(dimensions[1]), 0, headSize]);
  }
  const { logits } = await session.run(feeds, ['logits']);
  await session.release();
  return rowsOf(logits as Tensor);
}

async function turnedOf(folder: ModelFolder, headSize: number): Promise<number> {
  const { partial_rotary_factor: share = 1 } = JSON.parse(await readText(folder, 'config.json'));
  return share < 1 ? share * headSize : 0;
}

function nothing(elementType: number, dimensions: number[]): Tensor {
  return elementType === FLOAT16
    ? new Tensor('float16', new Uint16Array(0), dimensions)
    : new Tensor('float32', new Float32Array(0), dimensions);
}

function withBareAttention(model: OnnxModel, headSize: number, turned: number): Promise<Uint8Array> {
  const nodes = model.nodes.flatMap((node) =>
    node.operator === 'GroupQueryAttention'
      ? bareAttention(node, sizesOf(node, headSize, turned)).map(encodeNode)
      : [node.bytes],
  );
  const integers = (name: string, values: number[]) =>
    encodeConstant(name, BigInt64Array.from(values.map(BigInt)), [values.length]);
  const attention = model.nodes.filter(({ operator }) => operator === 'GroupQueryAttention');
  const constants = attention.flatMap((node) => {
    const { queryHeads, keyValueHeads } = sizesOf(node, headSize, turned);
    const name = node.outputs[0] ?? '';
    return [
      integers(
        `${name}/sizes`,
        [queryHeads, keyValueHeads, keyValueHeads].map((heads) => heads * headSize),
      ),
      integers(`${name}/heads`, [0, 0, -1, headSize]),
      integers(`${name}/flat`, [0, 0, -1]),
    ];
  });
  const positions = encodeValue({ name: 'rotary_positions', elementType: INT64, dimensions: ['batch', 'rows'] });
  const logits = { name: 'logits', elementType: elementTypeOf(model, 'logits') ?? 1 };
  return assembleModel(
    {
      modelFields: model.modelFields,
      nodes,
      inputs: [...model.inputs.map(({ bytes }) => bytes), positions],
      outputs: [encodeValue(logits)],
      constants,
      initializers: [...model.initializers.values()],
    },
    model.source,
  );
}

function sizesOf({ attributes }: OnnxNode, headSize: number, turned: number): Sizes {
  const of = (name: string) => Number(attributes.get(name));
  return { queryHeads: of('num_heads'), keyValueHeads: of('kv_num_heads'), headSize, turned };
}

/** q, k, v apart; then norm and rotary as nodes; then attention alone. */
function bareAttention(node: OnnxNode, sizes: Sizes): NodeDescription[] {
  const name = node.outputs[0] ?? '';
  const [packed = '', key, value = '', , , , , cosine, sine] = node.inputs;
  const split: NodeDescription = {
    operator: 'Split',
    inputs: [packed, `${name}/sizes`],
    outputs: ['q', 'k', 'v'].map((part) => `${name}/${part}`),
    attributes: { axis: -1 },
  };
  const parts = key ? [packed, key, value] : split.outputs;
  const [query, keys] = [0, 1].map((index) =>
    normed(node, parts[index] ?? '', `${name}/${index}`, node.inputs[14 + index]),
  );
  const turned = [query, keys].map((each, index) => {
    const heads = index === 0 ? sizes.queryHeads : sizes.keyValueHeads;
    const partly = sizes.turned > 0 ? { rotary_embedding_dim: sizes.turned } : {};
    return rotated(node, each?.result ?? '', `${name}/${index}`, { num_heads: heads, ...partly }, [cosine, sine]);
  });
  const inputs = [...turned.map(({ result }) => result), parts[2] ?? '', ...node.inputs.slice(3, 7)];
  const sink = node.inputs[11];
  return [
    ...(key ? [] : [split]),
    ...[query, keys, ...turned].flatMap((each) => each?.nodes ?? []),
    {
      operator: 'GroupQueryAttention',
      domain: 'com.microsoft',
      inputs: sink ? [...inputs, '', '', '', '', sink] : inputs,
      outputs: node.outputs,
      attributes: Object.fromEntries(
        KEPT.flatMap((each) => {
          const value = node.attributes.get(each);
          return value === undefined ? [] : [[each, attributeOf(each, value)]];
        }),
      ),
    },
  ];
}

function attributeOf(name: string, value: AttributeValue) {
  return FLOATS.has(name) ? { float: Number(value) } : Number(value);
}

function normed(node: OnnxNode, from: string, name: string, weight: string | undefined) {
  if (!weight) return { nodes: [], result: from };
  const base = node.outputs[0] ?? '';
  const epsilon = { float: Number(node.attributes.get('qk_norm_epsilon') ?? 1e-6) };
  const nodes: NodeDescription[] = [
    { operator: 'Reshape', inputs: [from, `${base}/heads`], outputs: [`${name}/apart`] },
    {
      operator: 'SimplifiedLayerNormalization',
      inputs: [`${name}/apart`, weight],
      outputs: [`${name}/norm`],
      attributes: { axis: -1, epsilon },
    },
    { operator: 'Reshape', inputs: [`${name}/norm`, `${base}/flat`], outputs: [`${name}/normed`] },
  ];
  return { nodes, result: `${name}/normed` };
}

function rotated(
  node: OnnxNode,
  from: string,
  name: string,
  attributes: Record<string, number>,
  [cosine, sine]: readonly (string | undefined)[],
) {
  if (!cosine || !sine || node.attributes.get('do_rotary') !== 1) return { nodes: [], result: from };
  const nodes: NodeDescription[] = [
    {
      operator: 'RotaryEmbedding',
      domain: 'com.microsoft',
      inputs: [from, 'rotary_positions', cosine, sine],
      outputs: [`${name}/rotated`],
      attributes: { interleaved: Number(node.attributes.get('rotary_interleaved') ?? 0), ...attributes },
    },
  ];
  return { nodes, result: `${name}/rotated` };
}

function rowsOf({ data, dims }: Tensor): Float32Array[] {
  const size = dims.at(-1) ?? 0;
  const floats = data instanceof Float32Array ? data : widened(data as Uint16Array);
  return Array.from({ length: floats.length / size }, (_, row) => floats.subarray(row * size, (row + 1) * size));
}

function widened(bits: Uint16Array): Float32Array {
  return Float32Array.from(new Float16Array(bits.buffer, bits.byteOffset, bits.length));
}
