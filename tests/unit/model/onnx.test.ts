import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../engine/errors.ts';
import { openFile } from '../../../engine/folders/node.ts';
import { readAttentionNode } from '../../../engine/model/attention-node.ts';
import { cutModel } from '../../../engine/model/cut.ts';
import { type OnnxModel, type OnnxNode, producersOf, readOnnx } from '../../../engine/model/onnx.ts';
import { assembleModel, encodeNode, encodeValue, ownModelFields } from '../../../engine/model/onnx-writer.ts';
import { ArraySource, type ByteSource } from '../../../engine/model/source.ts';
import { READER, ROOT } from '../../integration/command.ts';

const FIXTURES = join(ROOT, 'tests/fixtures/parity');

function counting(source: ByteSource): ByteSource & { bytesRead: number } {
  const counter = {
    size: source.size,
    bytesRead: 0,
    read(offset: number, length: number) {
      counter.bytesRead += length;
      return source.read(offset, length);
    },
    close: () => source.close(),
  };
  return counter;
}

describe('reading ONNX', () => {
  it('never reads the weights it only passes on', async () => {
    const source = counting(await openFile(join(READER, 'onnx/model.onnx')));
    const model = await readOnnx(source);
    await source.close();
    // A window is read where each weight's header lies; the reader's weights are small, so this is far from free here.
    const windows = model.initializers.size * 2 * 65_536;
    expect(source.bytesRead).toBeLessThan(Math.min(source.size, windows));
    expect(model.nodes.length).toBeGreaterThan(100);
    const embedding = model.initializers.get('model.embed_tokens.weight');
    expect(embedding?.dimensions).toEqual([8192, 256]);
  });

  it('walks over weights that lie beyond 2 GB', async () => {
    const huge = 5_000_000_000;
    const encoded = await assembleModel({ modelFields: ownModelFields(), nodes: [], inputs: [], outputs: [] });
    // A field that the engine does not know (number 100), 5 GB long, in front of everything.
    const header = Uint8Array.from([0xa2, 0x06, ...varint(huge)]);
    const source: ByteSource = {
      size: header.length + huge + encoded.length,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        for (let index = 0; index < length; index++) {
          const at = offset + index;
          bytes[index] =
            at < header.length
              ? (header[at] ?? 0)
              : at < header.length + huge
                ? 0
                : (encoded[at - header.length - huge] ?? 0);
        }
        return bytes;
      },
      async close() {},
    };
    const guarded = {
      ...source,
      read: (offset: number, length: number) =>
        length > 1 << 20 ? Promise.resolve(new Uint8Array()) : source.read(offset, length),
    };
    expect((await readOnnx(guarded)).nodes).toEqual([]);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(100)],
    ['text', new TextEncoder().encode('this is not a model at all, is it?')],
  ])('refuses %s', async (_title, bytes) => {
    await expect(readOnnx(new ArraySource(bytes))).rejects.toThrow();
  });
});

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

describe('cutting', () => {
  it.each(readdirSync(FIXTURES))('%s falls into layers + 1 segments, and the mask subgraph is gone', async (name) => {
    const source = await openFile(join(FIXTURES, name, 'onnx/model.onnx'));
    const cut = cutModel(await readOnnx(source));
    await source.close();
    const { num_hidden_layers: layers } = JSON.parse(readFileSync(join(FIXTURES, name, 'config.json'), 'utf8'));
    expect(cut.attention).toHaveLength(layers);
    expect(cut.segments).toHaveLength(layers + 1);
    const names = cut.segments.flatMap((segment) => segment.nodes.map((node) => node.name));
    expect(names.filter((each) => each.includes('attn_mask'))).toEqual([]);
    expect(new Set(cut.segments.flatMap((segment) => segment.inputs))).not.toContain('attention_mask');
    const weights = cut.segments.flatMap((segment) => segment.initializers);
    const twice = weights.filter((weight, index) => weights.indexOf(weight) !== index);
    expect(twice.every((weight) => weight === 'model.embed_tokens.weight')).toBe(true);
  });

  it.each([
    ['head_sink', 11, {}],
    ['k_scale', 12, {}],
    ['smooth_softmax', 0, { smooth_softmax: 1 }],
    ['a norm of only queries', 14, {}],
    ['the attribute unheard_of', 0, { unheard_of: 1 }],
    ['more inputs', 16, {}],
  ])('refuses %s by name, with its layer', async (feature, input, attributes) => {
    const model = await attentionModel(input, attributes);
    expect(() => cutModel(model)).toThrow(new RegExp(`"layer":0,"uses":".*${feature}`));
  });

  it('refuses a graph without attention, and one with state of its own', async () => {
    const bare = await assembleModel({ modelFields: ownModelFields(), nodes: [], inputs: [], outputs: [] });
    const empty = await readOnnx(new ArraySource(bare));
    expect(() => cutModel(empty)).toThrow(/no attention node/);
    const model = await attentionModel(0, {}, { extraInputs: ['past_conv.0'] });
    expect(() => cutModel(model)).toThrow(/past_conv\.0/);
  });

  it.each([
    [{ extraInputs: ['past_key_values.0.conv_state'] }, { feature: 'state', state: 'past_key_values.0.conv_state' }],
    [{ extraInputs: ['past_key_values.0.recurrent_state'] }, { feature: 'state' }],
    [{ extraInputs: ['inputs_embeds'] }, { feature: 'no embedding' }],
    [{ output: 'hidden_states' }, { feature: 'no head', gives: 'hidden_states' }],
    [{ pastKey: '' }, { feature: 'borrowed cache', layer: 0 }],
    [{ cacheWidth: 'kv_cache_dim' }, { feature: 'attention', layer: 0, uses: expect.stringContaining('heads') }],
  ])('refuses by name a graph with %o', async (parts, detail) => {
    const model = await attentionModel(0, {}, parts);
    expect(failureOf(thrownBy(() => cutModel(model)))).toMatchObject({ code: 'model-unsupported', detail });
  });

  it('takes the size of heads from the config where the graph leaves it open', async () => {
    const model = await attentionModel(0, {}, { cacheWidth: 'kv_cache_dim' });
    const [node] = model.nodes as [OnnxNode];
    expect(readAttentionNode(node, 0, model, producersOf(model), { headSize: 24 }).headSize).toBe(24);
  });

  it('takes a window as long as the context for none', async () => {
    const model = await attentionModel(0, { local_window_size: 512 });
    const [node] = model.nodes as [OnnxNode];
    const windowFor = (contextTokens: number) =>
      readAttentionNode(node, 0, model, producersOf(model), { contextTokens }).window;
    expect([windowFor(513), windowFor(512), windowFor(100)]).toEqual([512, 0, 0]);
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (cause) {
    return cause;
  }
}

interface Parts {
  readonly extraInputs?: readonly string[];
  readonly output?: string;
  readonly pastKey?: string;
  readonly cacheWidth?: number | string;
}

/** A graph of one attention node, with one more input wired or attribute set. */
function attentionModel(
  input: number,
  attributes: Record<string, number>,
  { extraInputs = [], output = 'logits', pastKey = 'past_key_values.0.key', cacheWidth = 16 }: Parts = {},
): Promise<OnnxModel> {
  const inputs = ['q', 'k', 'v', pastKey, 'past_key_values.0.value', 's', 't', ...new Array<string>(6).fill('')];
  while (inputs.length < input) inputs.push('');
  if (input > 0) inputs[input] = 'extra';
  const past = { name: 'past_key_values.0.key', elementType: 1, dimensions: ['b', 2, 'p', cacheWidth] };
  return assembleModel({
    modelFields: ownModelFields(),
    nodes: [
      encodeNode({
        operator: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs,
        outputs: ['o', 'present.0.key', 'present.0.value'],
        attributes: { num_heads: 4, kv_num_heads: 2, ...attributes },
      }),
    ],
    inputs: [past, ...['q', 'k', 'v', ...extraInputs].map((name) => ({ name, elementType: 1 }))].map(encodeValue),
    outputs: [encodeValue({ name: output, elementType: 1 })],
  }).then((bytes) => readOnnx(new ArraySource(bytes)));
}
