/**
 * The ONNX graph that computes attention over a given number of spans with plain operators: for each span
 * S = q·Kᵀ, P = softmax(S), o = P·V, lse = max S − ln max P; then the fold, whose weights are a softmax over the lses.
 * It gives a partial result itself (o and lse), so that graphs for a few spans serve for any number.
 */
import {
  assembleModel,
  ElementType,
  encodeConstant,
  encodeNode,
  encodeValue,
  type NodeDescription,
  ownModelFields,
  type ValueDescription,
} from '../../model/onnx-writer.ts';

/** A part of a span as the graph takes it: f16 and int8 are widened inside, f32 comes as it is. */
export type Input = 'f16' | 'int8' | 'f32';

export interface SpanInputs {
  readonly keys: Input;
  readonly values: Input;
  /** Some row may not see the whole of it. */
  readonly masked: boolean;
}

/** Rows up to which the scores of all spans of a call are put side by side for one softmax. */
export const FEW_ROWS = 4;

/** One graph a signature. */
export interface GraphSignature {
  readonly spans: readonly SpanInputs[];
  readonly scale: number;
  readonly softcap: number;
  /** Also give each span's probabilities under the softmax over all spans. */
  readonly probabilities: boolean;
  /** At most FEW_ROWS rows: then operators cost more than what they work on, and fewer of them are used. */
  readonly fewRows: boolean;
}

const LAST_AXIS = BigInt64Array.of(-1n);

/**
 * Inputs q [ratio, rows, d], k0, v0 … [tokens, d], of int8 the steps ks0, vs0 …, mask0 … [rows, tokens]; outputs o, lse, and p0 …
 * when asked for.
 */
export function attentionGraph(signature: GraphSignature): Promise<Uint8Array> {
  const spans = [...signature.spans.keys()];
  const nodes: NodeDescription[] = [{ operator: 'Mul', inputs: ['q', 'scale'], outputs: ['scaled'] }];
  if (signature.fewRows) nodes.push(...fewRowsNodes(spans, signature));
  else {
    for (const index of spans) nodes.push(...spanNodes(index, signature));
    nodes.push(...foldNodes(spans));
    if (signature.probabilities) nodes.push(...spans.map(probabilityNode));
  }
  return assembleModel({
    modelFields: ownModelFields(),
    nodes: nodes.map(encodeNode),
    inputs: inputValues(signature).map(encodeValue),
    outputs: outputValues(signature).map(encodeValue),
    constants: constants(signature),
  });
}

/** Nodes that give the scores of a span, and the name under which. */
function scoreNodes(index: number, signature: GraphSignature): { nodes: NodeDescription[]; scores: string } {
  const { softcap } = signature;
  const name = (part: string) => `${part}${index}`;
  const keys = widened('k', index, signature);
  const nodes: NodeDescription[] = [
    ...keys.nodes,
    { operator: 'Transpose', inputs: [keys.vectors], outputs: [name('kt')], attributes: { perm: [1, 0] } },
    { operator: 'MatMul', inputs: ['scaled', name('kt')], outputs: [name('raw')] },
  ];
  let scores = name('raw');
  if (keys.steps) {
    nodes.push({ operator: 'Mul', inputs: [scores, keys.steps], outputs: [name('stepped')] });
    scores = name('stepped');
  }
  if (softcap > 0) {
    nodes.push(
      { operator: 'Div', inputs: [scores, 'softcap'], outputs: [name('ratio')] },
      { operator: 'Tanh', inputs: [name('ratio')], outputs: [name('bounded')] },
      { operator: 'Mul', inputs: [name('bounded'), 'softcap'], outputs: [name('capped')] },
    );
    scores = name('capped');
  }
  if (signature.spans[index]?.masked) {
    nodes.push({ operator: 'Add', inputs: [scores, name('mask')], outputs: [name('causal')] });
    scores = name('causal');
  }
  return { nodes, scores };
}

/** Nodes that give a span's share of the output, under `part` and its number. */
function valueNodes(index: number, shares: string, signature: GraphSignature): NodeDescription[] {
  const { nodes, vectors, steps } = widened('v', index, signature);
  const part = { operator: 'MatMul', inputs: [shares, vectors], outputs: [`part${index}`] };
  if (!steps) return [...nodes, part];
  const weights = `weights${index}`;
  const weighted = { operator: 'Mul', inputs: [shares, steps], outputs: [weights] };
  return [...nodes, weighted, { ...part, inputs: [weights, vectors] }];
}

/** Keys or values as f32; steps: what their scores or shares must be multiplied with to make up for it. */
interface Widened {
  readonly nodes: readonly NodeDescription[];
  readonly vectors: string;
  readonly steps?: string;
}

/** The steps of int8 are multiplied in where that is least work: for few rows with the scores, for many with the vectors. */
function widened(part: 'k' | 'v', index: number, { spans, fewRows }: GraphSignature): Widened {
  const input = spans[index]?.[part === 'k' ? 'keys' : 'values'];
  const name = (suffix: string) => `${part}${suffix}${index}`;
  if (input === 'f32') return { nodes: [], vectors: name('') };
  const [levels, steps] = [name('f'), name('s')];
  const cast = { operator: 'Cast', inputs: [name('')], outputs: [levels], attributes: { to: ElementType.float } };
  if (input === 'f16') return { nodes: [cast], vectors: levels };
  if (fewRows) return { nodes: [cast], vectors: levels, steps };
  return { nodes: [cast, { operator: 'Mul', inputs: [levels, steps], outputs: [name('w')] }], vectors: name('w') };
}

/** One softmax over the scores of all spans side by side: a quarter of the operators, and copies that only few rows can bear. */
function fewRowsNodes(spans: readonly number[], signature: GraphSignature): NodeDescription[] {
  const scored = spans.map((index) => scoreNodes(index, signature));
  const shares = spans.map((index) => (signature.probabilities ? `p${index}` : `share${index}`));
  const lengths: NodeDescription[] = spans.map((index) => {
    return { operator: 'Shape', inputs: [`v${index}`], outputs: [`length${index}`], attributes: { start: 0, end: 1 } };
  });
  return [
    ...scored.flatMap(({ nodes }) => nodes),
    ...lengths,
    {
      operator: 'Concat',
      inputs: spans.map((index) => `length${index}`),
      outputs: ['lengths'],
      attributes: { axis: 0 },
    },
    { operator: 'Concat', inputs: scored.map(({ scores }) => scores), outputs: ['scores'], attributes: { axis: -1 } },
    { operator: 'Softmax', inputs: ['scores'], outputs: ['shares'], attributes: { axis: -1 } },
    { operator: 'Split', inputs: ['shares', 'lengths'], outputs: shares, attributes: { axis: -1 } },
    ...spans.flatMap((index) => valueNodes(index, shares[index] ?? '', signature)),
    { operator: 'Sum', inputs: spans.map((index) => `part${index}`), outputs: ['o'] },
    { operator: 'ReduceMax', inputs: ['scores', 'axis'], outputs: ['top'], attributes: { keepdims: 1 } },
    { operator: 'ReduceMax', inputs: ['shares', 'axis'], outputs: ['peak'], attributes: { keepdims: 1 } },
    { operator: 'Log', inputs: ['peak'], outputs: ['logpeak'] },
    { operator: 'Sub', inputs: ['top', 'logpeak'], outputs: ['lse'] },
  ];
}

function spanNodes(index: number, signature: GraphSignature): NodeDescription[] {
  const name = (part: string) => `${part}${index}`;
  const { nodes, scores } = scoreNodes(index, signature);
  return [
    ...nodes,
    { operator: 'ReduceMax', inputs: [scores, 'axis'], outputs: [name('top')], attributes: { keepdims: 1 } },
    { operator: 'Softmax', inputs: [scores], outputs: [name('share')], attributes: { axis: -1 } },
    { operator: 'ReduceMax', inputs: [name('share'), 'axis'], outputs: [name('peak')], attributes: { keepdims: 1 } },
    { operator: 'Log', inputs: [name('peak')], outputs: [name('logpeak')] },
    { operator: 'Sub', inputs: [name('top'), name('logpeak')], outputs: [name('lse')] },
    ...valueNodes(index, name('share'), signature),
  ];
}

function foldNodes(spans: readonly number[]): NodeDescription[] {
  const weights: NodeDescription[] = [
    { operator: 'Concat', inputs: spans.map((index) => `lse${index}`), outputs: ['lses'], attributes: { axis: -1 } },
    { operator: 'Softmax', inputs: ['lses'], outputs: ['weights'], attributes: { axis: -1 } },
    {
      operator: 'Split',
      inputs: ['weights'],
      outputs: spans.map((index) => `weight${index}`),
      attributes: { axis: -1, num_outputs: spans.length },
    },
  ];
  const weighted = spans.map((index): NodeDescription => {
    return { operator: 'Mul', inputs: [`part${index}`, `weight${index}`], outputs: [`weighted${index}`] };
  });
  return [
    ...weights,
    ...weighted,
    { operator: 'Sum', inputs: spans.map((index) => `weighted${index}`), outputs: ['o'] },
    // The largest lse's weight is exp(its lse − lse of all).
    { operator: 'ReduceMax', inputs: ['lses', 'axis'], outputs: ['largest'], attributes: { keepdims: 1 } },
    { operator: 'ReduceMax', inputs: ['weights', 'axis'], outputs: ['heaviest'], attributes: { keepdims: 1 } },
    { operator: 'Log', inputs: ['heaviest'], outputs: ['logheaviest'] },
    { operator: 'Sub', inputs: ['largest', 'logheaviest'], outputs: ['lse'] },
  ];
}

function probabilityNode(index: number): NodeDescription {
  return { operator: 'Mul', inputs: [`share${index}`, `weight${index}`], outputs: [`p${index}`] };
}

const ELEMENT_TYPES = { f16: ElementType.float16, int8: ElementType.int8, f32: ElementType.float } as const;

function inputValues({ spans, fewRows }: GraphSignature): ValueDescription[] {
  return [
    { name: 'q', elementType: ElementType.float, dimensions: ['ratio', 'rows', 'size'] },
    ...spans.flatMap(({ keys, values, masked }, index) => [
      ...vectorInputs('k', keys, index, fewRows),
      ...vectorInputs('v', values, index, fewRows),
      ...(masked
        ? [{ name: `mask${index}`, elementType: ElementType.float, dimensions: ['rows', `tokens${index}`] }]
        : []),
    ]),
  ];
}

function vectorInputs(part: 'k' | 'v', input: Input, index: number, fewRows: boolean): ValueDescription[] {
  const tokens = `tokens${index}`;
  const vectors = { name: `${part}${index}`, elementType: ELEMENT_TYPES[input], dimensions: [tokens, 'size'] };
  if (input !== 'int8') return [vectors];
  const dimensions = fewRows ? [tokens] : [tokens, 1];
  return [vectors, { name: `${part}s${index}`, elementType: ElementType.float, dimensions }];
}

function outputValues({ spans, probabilities }: GraphSignature): ValueDescription[] {
  const output = { name: 'o', elementType: ElementType.float, dimensions: ['ratio', 'rows', 'size'] };
  const outputs = [output, { name: 'lse', elementType: ElementType.float, dimensions: ['ratio', 'rows', 1] }];
  if (!probabilities) return outputs;
  const shares = spans.map((_, index) => ({
    name: `p${index}`,
    elementType: ElementType.float,
    dimensions: ['ratio', 'rows', `tokens${index}`],
  }));
  return [...outputs, ...shares];
}

function constants({ scale, softcap }: GraphSignature): Uint8Array[] {
  const always = [encodeConstant('axis', LAST_AXIS, [1]), encodeConstant('scale', Float32Array.of(scale), [])];
  return softcap > 0 ? [...always, encodeConstant('softcap', Float32Array.of(softcap), [])] : always;
}
