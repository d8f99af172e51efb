/**
 * What a GGUF file becomes: the files of an ordinary model folder, all but the weights, which are only planned. The folder can be judged
 * like any other before a byte of weights is converted.
 */
import { ArraySource, type ByteSource, type ModelFolder } from '../model/source.ts';
import { type GgufDecoder, readDecoder } from './architecture.ts';
import { writeDecoderGraph } from './decoder-graph.ts';
import { DecoderTensors } from './decoder-tensors.ts';
import type { Activations } from './graph-writer.ts';
import type { Gguf } from './read-gguf.ts';
import type { RotaryFactors } from './rotary.ts';
import { tokenizerConfig, tokenizerDefinition } from './tokenizer-files.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';
import { DATA_FILE, type WeightPlan } from './weight-plan.ts';

export interface PreparedGguf {
  readonly gguf: Gguf;
  /** By path within the folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly weights: WeightPlan;
  /** Of all files together. */
  readonly bytes: number;
}

/** Rejects with `gguf-damaged` or `gguf-unsupported`. */
export async function prepareGguf(gguf: Gguf, activations: Activations = 'int8'): Promise<PreparedGguf> {
  const tensors = new DecoderTensors(gguf);
  const decoder = readDecoder(gguf, await readFactors(gguf, tensors));
  const { model, weights } = await writeDecoderGraph(decoder, tensors, activations);
  const rows = tensors.rowsOf('token_embd.weight');
  const vocabulary = readVocabulary(gguf, rows);
  const files = new Map([
    ['config.json', json(configOf(decoder, rows, vocabulary))],
    ['generation_config.json', json(generationOf(gguf, vocabulary))],
    ['tokenizer_config.json', json(tokenizerConfig(gguf, vocabulary))],
    ['tokenizer.json', json(tokenizerDefinition(gguf, vocabulary))],
    ['onnx/model.onnx', model],
  ]);
  const small = [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  return { gguf, files, weights, bytes: small + weights.bytes };
}

/** The folder as it will be. Its weights can be asked for their size only. */
export function folderOf({ gguf, files, weights }: PreparedGguf): ModelFolder {
  const data = `onnx/${DATA_FILE}`;
  return {
    name: gguf.name,
    has: async (path) => files.has(path) || path === data,
    open: async (path) =>
      path === data ? unread(weights.bytes) : new ArraySource(files.get(path) ?? new Uint8Array(0)),
  };
}

function unread(size: number): ByteSource {
  return {
    size,
    read: () => Promise.reject(new RangeError('these weights are not written yet')),
    close: async () => {},
  };
}

/** Factors of LongRoPE and of Llama 3's scaling lie in tensors. */
async function readFactors(gguf: Gguf, tensors: DecoderTensors): Promise<RotaryFactors> {
  const read = async (name: string) => tensors.optionalVector(name, gguf.tensors.get(name)?.sizes[0] ?? 0);
  return {
    all: await read('rope_freqs.weight'),
    short: await read('rope_factors_short.weight'),
    long: await read('rope_factors_long.weight'),
  };
}

function configOf(decoder: GgufDecoder, vocabularySize: number, { ids, stops }: Vocabulary): object {
  return {
    model_type: decoder.modelType,
    vocab_size: vocabularySize,
    hidden_size: decoder.hidden,
    intermediate_size: decoder.intermediate,
    num_hidden_layers: decoder.layers,
    num_attention_heads: decoder.queryHeads,
    num_key_value_heads: decoder.keyValueHeads,
    head_dim: decoder.headSize,
    rms_norm_eps: decoder.epsilon,
    max_position_embeddings: decoder.contextTokens,
    bos_token_id: ids.bos ?? null,
    eos_token_id: stops.length > 0 ? stops : null,
  };
}

/** Newer files say how their makers would have answers drawn. */
function generationOf({ keys }: Gguf, { stops }: Vocabulary): object {
  const number = (name: string) => {
    const value = keys.get(`general.sampling.${name}`);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const temperature = number('temp');
  const sampling = { do_sample: true, temperature, top_k: number('top_k'), top_p: number('top_p') };
  return { eos_token_id: stops, ...(temperature !== undefined && temperature > 0 ? sampling : {}) };
}

function json(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
