/**
 * Whether the runtime has a kernel for every node of a cut graph: one session of all its segments in one, with weights as inputs, so that
 * none is read. It is asked, not reckoned: which types and attributes a kernel takes changes from release to release.
 */
import { firstLineOf, ProximaError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type CutModel, projections } from './cut.ts';
import type { OnnxInitializer, OnnxNode } from './onnx.ts';
import { assembleModel, encodeValue } from './onnx-writer.ts';

/** Larger weights are not read: a kernel may look at a shape or an axis, never at a matrix. */
const SMALL_BYTES = 1024;

/** Rejects with `model-unsupported`, in the runtime's own words. */
export async function checkKernels(cut: CutModel, runtime: Runtime): Promise<void> {
  const bytes = await wholeGraph(cut);
  try {
    await (await runtime.createSession(bytes)).close();
  } catch (cause) {
    throw new ProximaError('model-unsupported', { feature: 'kernel', reason: firstLineOf(cause) });
  }
}

function wholeGraph({ model, segments, attention, logits, tables }: CutModel): Promise<Uint8Array> {
  const nodes = new Set<OnnxNode>(segments.flatMap((segment) => [...segment.nodes]));
  const made = new Set([...nodes].flatMap((node) => [...node.outputs]));
  const taken = new Set([...nodes].flatMap((node) => node.inputs.filter((name) => name && !made.has(name))));
  const weights = [...taken].flatMap((name) => (tables.has(name) ? [] : (model.initializers.get(name) ?? [])));
  const small = weights.filter(isSmall);
  const kept = new Set(small.map(({ name }) => name));
  const inputs = [...taken].filter((name) => !kept.has(name)).map((name) => describe(name));
  const outputs = [...new Set([...attention.flatMap(projections), logits])].filter((name) => made.has(name));
  return assembleModel(
    {
      modelFields: model.modelFields,
      nodes: model.nodes.filter((node) => nodes.has(node)).map((node) => node.bytes),
      inputs,
      outputs: outputs.map((name) => model.values.get(name)?.bytes ?? unknown(name)),
      initializers: small,
    },
    model.source,
  );

  function describe(name: string): Uint8Array {
    const weight = model.initializers.get(name);
    if (weight) return encodeValue({ name, elementType: weight.dataType, dimensions: weight.dimensions });
    return model.values.get(name)?.bytes ?? unknown(name);
  }

  function unknown(name: string): Uint8Array {
    return encodeValue({ name, elementType: attention[0]?.elementType ?? 1 });
  }
}

function isSmall({ external, start, end }: OnnxInitializer): boolean {
  return external === undefined && end - start <= SMALL_BYTES;
}
