/** Weights of a graph on their way into a session. */
import { ProximaError } from '../errors.ts';
import type { ExternalData } from '../runtime/runtime.ts';
import type { OnnxInitializer, OnnxModel } from './onnx.ts';

/** Throws `model-damaged` for a weight that the graph names and lacks. */
export function initializerOf(model: OnnxModel, name: string): OnnxInitializer {
  const initializer = model.initializers.get(name);
  if (initializer) return initializer;
  throw new ProximaError('model-damaged', `The graph names a weight that it lacks: ${name}.`, 'Get the model again.');
}

/** The files beside the graph that hold weights, if there are any. */
export function externalData(model: OnnxModel, folder: string | undefined): ExternalData | undefined {
  const files = new Set([...model.initializers.values()].flatMap(({ externalFile }) => externalFile ?? []));
  return folder === undefined || files.size === 0 ? undefined : { folder, files: [...files] };
}

/** What a runtime says first when it fails. */
export function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200).replace(/[.\s]+$/, '');
}
