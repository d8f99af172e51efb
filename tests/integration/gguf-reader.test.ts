/**
 * The built-in reader's own weights as a GGUF file, imported again, beside the shipped graph with the same rounded weights: a trained
 * model answers questions about the sample alike, whichever way its weights came.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Page } from '../../engine/documents/document.ts';
import { importGguf } from '../../engine/folders/import-gguf.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { Reading } from '../../engine/local/reading.ts';
import { openGraph, parseGraph } from '../../engine/model/graph.ts';
import { loadModel } from '../../engine/model/model.ts';
import type { OnnxInitializer } from '../../engine/model/onnx.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { READER, ROOT, SAMPLE, temporaryFolder } from './command.ts';
import { blocksOf, GgmlType, type KeyValue, quantise, type WrittenTensor, writeGguf } from './write-gguf.ts';

type Kind = 'Q4_0' | 'Q8_0';

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const config = json(join(READER, 'config.json'));
const facts: { question: string; answer: string; statement: string }[] = json(join(ROOT, 'build/sample/facts.json'));

/** The shipped graph's bytes, in which weights can be looked up and replaced. */
class ReaderGraph {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly #initializers: ReadonlyMap<string, OnnxInitializer>;

  private constructor(bytes: Buffer<ArrayBuffer>, initializers: ReadonlyMap<string, OnnxInitializer>) {
    this.bytes = bytes;
    this.#initializers = initializers;
  }

  static async open(): Promise<ReaderGraph> {
    const source = await openGraph(await openModelFolder(READER));
    const { initializers } = await parseGraph(source);
    await source.close();
    const graph = new ReaderGraph(Buffer.from(readFileSync(join(READER, 'onnx/model.onnx'))), initializers);
    graph.#multiplyFloats();
    return graph;
  }

  /** Has products made of activations as they are, as the import is told to. */
  #multiplyFloats(): void {
    const rounded = Buffer.from('accuracy_level\u0018\u0004');
    for (let at = this.bytes.indexOf(rounded); at >= 0; at = this.bytes.indexOf(rounded, at))
      this.bytes[at + rounded.length - 1] = 0;
  }

  /** The weight's bytes, which end its description: a change of them changes the graph. */
  raw(name: string): { readonly bytes: Buffer<ArrayBuffer>; readonly rows: number } {
    const { dimensions, dataType, start, end } = this.#initializers.get(name) as OnnxInitializer;
    const length = dimensions.reduce((product, size) => product * size, dataType === 1 ? 4 : 1);
    const description = this.bytes.subarray(start, end);
    // Name and raw data are the only fields of length; the data's field is told by its own length.
    const at = description.indexOf(lengthOf(length)) + lengthOf(length).length;
    return { bytes: description.subarray(at, at + length), rows: dimensions[0] ?? 1 };
  }

  floats(name: string): Float32Array {
    return new Float32Array(Uint8Array.from(this.raw(name).bytes).buffer);
  }

  /** A matrix, levels times scales. */
  matrix(name: string): { readonly weights: Float32Array; readonly rows: number } {
    const { bytes, rows } = this.raw(`${name}.quantised`);
    const scales = this.floats(`${name}.scales`);
    const weights = Float32Array.from(bytes, (level, index) => (level - 128) * (scales[Math.floor(index / 32)] ?? 0));
    return { weights, rows };
  }

  /** Puts other weights in a matrix's place, and into the table too where it is the head. */
  replace(name: string, { levels, scales }: ReturnType<typeof quantise>): void {
    this.raw(`${name}.quantised`).bytes.set(Uint8Array.from(levels, (level) => level + 128));
    this.raw(`${name}.scales`).bytes.set(new Uint8Array(scales.buffer));
    if (name !== 'lm_head') return;
    const table = Float32Array.from(levels, (level, index) => level * (scales[Math.floor(index / 32)] ?? 0));
    this.raw('model.embed_tokens.weight').bytes.set(new Uint8Array(table.buffer));
  }
}

/** The tag of raw_data and its length, as protobuf writes them. */
function lengthOf(length: number): Buffer {
  const bytes = [0x4a];
  for (let left = length; ; left = Math.floor(left / 128)) {
    bytes.push((left % 128) | (left >= 128 ? 128 : 0));
    if (left < 128) return Buffer.from(bytes);
  }
}

/** Rows of the halves of each head next to each other, as the converter lays queries and keys of Llama out. */
function paired(weights: Float32Array, rows: number): Float32Array {
  const [head, width] = [config.head_dim, weights.length / rows];
  const out = new Float32Array(weights.length);
  for (let row = 0; row < rows; row++) {
    const [part, pair] = [Math.floor((row % head) / (head / 2)), row % (head / 2)];
    const to = row - (row % head) + 2 * pair + part;
    out.set(weights.subarray(row * width, (row + 1) * width), to * width);
  }
  return out;
}

/** The tokenizer, as the converter writes it. */
function vocabulary(): Record<string, KeyValue> {
  const { model, added_tokens } = json(join(READER, 'tokenizer.json'));
  const names = Object.entries<number>(model.vocab).toSorted(([, one], [, other]) => one - other);
  const special = new Set(added_tokens.map(({ content }: { content: string }) => content));
  return {
    'tokenizer.ggml.model': 'gpt2',
    // Digits one by one, then GPT-2's pattern, as the reader's tokenizer cuts.
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': names.map(([name]) => name),
    'tokenizer.ggml.token_type': names.map(([name]) => (special.has(name) ? 3 : 1)),
    'tokenizer.ggml.merges': model.merges.map((merge: string[] | string) =>
      typeof merge === 'string' ? merge : merge.join(' '),
    ),
    'tokenizer.ggml.bos_token_id': config.bos_token_id,
    'tokenizer.ggml.eos_token_id': config.eos_token_id,
    'tokenizer.chat_template': json(join(READER, 'tokenizer_config.json')).chat_template,
  };
}

function shapeKeys(): Record<string, KeyValue> {
  return {
    'general.architecture': 'llama',
    'llama.context_length': config.max_position_embeddings,
    'llama.embedding_length': config.hidden_size,
    'llama.block_count': config.num_hidden_layers,
    'llama.feed_forward_length': config.intermediate_size,
    'llama.attention.head_count': config.num_attention_heads,
    'llama.attention.head_count_kv': config.num_key_value_heads,
    'llama.attention.key_length': config.head_dim,
    'llama.attention.value_length': config.head_dim,
    'llama.rope.dimension_count': config.head_dim,
    'llama.rope.freq_base': { float: config.rope_theta },
    'llama.attention.layer_norm_rms_epsilon': { float: config.rms_norm_eps },
  };
}

/** The reader as a GGUF file, and the shipped graph with the same rounded weights in it. */
async function twins(kind: Kind): Promise<{ gguf: string; onnx: string }> {
  const graph = await ReaderGraph.open();
  const tensors: WrittenTensor[] = [];
  const put = (name: string, weights: Float32Array, rows: number, as: Kind) => {
    const data = blocksOf(quantise(weights, as), as);
    tensors.push({ name: `${name}.weight`, sizes: [weights.length / rows, rows], type: GgmlType[as], data });
  };
  const norm = (name: string, from: string) => {
    const weights = graph.floats(from);
    tensors.push({
      name: `${name}.weight`,
      sizes: [weights.length],
      type: GgmlType.F32,
      data: new Uint8Array(weights.buffer),
    });
  };
  const matrix = (name: string, from: string, as = kind) => {
    const { weights, rows } = graph.matrix(from);
    put(name, weights, rows, as);
    graph.replace(from, quantise(weights, as));
  };
  // As llama.cpp does it, the table that answers are read off keeps eight bits.
  matrix('token_embd', 'lm_head', 'Q8_0');
  norm('output_norm', 'model.norm.weight');
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const [base, block] = [`model.layers.${layer}`, `blk.${layer}`];
    const packed = graph.matrix(`${base}.attn.qkv_proj`);
    const [query, both] = [config.num_attention_heads * config.head_dim, config.num_key_value_heads * config.head_dim];
    const rows = (first: number, count: number) =>
      packed.weights.subarray(first * config.hidden_size, (first + count) * config.hidden_size);
    put(`${block}.attn_q`, paired(rows(0, query), query), query, kind);
    put(`${block}.attn_k`, paired(rows(query, both), both), both, kind);
    put(`${block}.attn_v`, rows(query + both, both), both, kind);
    graph.replace(`${base}.attn.qkv_proj`, quantise(packed.weights, kind));
    matrix(`${block}.attn_output`, `${base}.attn.o_proj`);
    for (const part of ['gate', 'up', 'down']) matrix(`${block}.ffn_${part}`, `${base}.mlp.${part}_proj`);
    norm(`${block}.attn_norm`, `${base}.input_layernorm.weight`);
    norm(`${block}.ffn_norm`, `${base}.post_attention_layernorm.weight`);
  }
  const home = temporaryFolder();
  const path = join(home, `reader-${kind}.gguf`);
  writeFileSync(path, writeGguf({ ...shapeKeys(), ...vocabulary() }, tensors));
  const gguf = join(home, 'gguf');
  // Rounded activations would differ between four bits and eight; that rounding is held against PyTorch elsewhere.
  await importGguf(path, gguf, { activations: 'float' });
  const onnx = join(home, 'onnx');
  cpSync(READER, onnx, { recursive: true });
  writeFileSync(join(onnx, 'onnx/model.onnx'), graph.bytes);
  return { gguf, onnx };
}

/** The sample's pages that questions are about. */
async function excerpt(): Promise<{ pages: Page[]; asked: typeof facts }> {
  const { pages } = await readDocumentFile(SAMPLE);
  const says = (page: Page, statement: string) => page.text.replace(/\s+/g, ' ').includes(statement);
  const asked = facts.filter(({ statement }) => pages.some((page) => says(page, statement)));
  return { pages: pages.filter((page) => asked.some(({ statement }) => says(page, statement))), asked };
}

async function answersOf(folder: string, pages: readonly Page[], questions: readonly string[]): Promise<string[]> {
  const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), {
    dataFolder: join(folder, 'onnx'),
  });
  const policy = choosePolicy(model, { policy: 'dense' });
  const reading = await Reading.open(model, policy, { pages: [...pages] }, { availableBytes: 2 ** 32 });
  const answers: string[] = [];
  for (const text of questions) answers.push((await reading.ask({ text, turns: [], maxTokens: 12 })).answer);
  reading.close();
  await model.decoder.close();
  return answers;
}

const excerptOnce = excerpt();

describe('the built-in reader as GGUF', () => {
  it.each(['Q8_0', 'Q4_0'] as const)('%s: answers as its ONNX twin of the same weights', async (kind) => {
    const { pages, asked } = await excerptOnce;
    const questions = asked.map(({ question }) => question);
    const { gguf, onnx } = await twins(kind);
    const [ours, theirs] = [await answersOf(gguf, pages, questions), await answersOf(onnx, pages, questions)];
    expect(questions.length).toBeGreaterThanOrEqual(8);
    expect(ours).toEqual(theirs);
    // A model of no use would agree with its twin too.
    expect(ours.filter((answer, index) => answer === asked[index]?.answer).length).toBeGreaterThan(asked.length / 2);
  });
});
