/** What a GGUF file is and whether it runs here, from its head alone. */
import { basename } from 'node:path';
import { type Failure, failureOf } from '../errors.ts';
import { judgeGguf } from '../gguf/judge-gguf.ts';
import { prepareGguf } from '../gguf/prepare-gguf.ts';
import { type Gguf, readGguf } from '../gguf/read-gguf.ts';
import { typeName } from '../gguf/tensor-types.ts';
import type { ModelAssessment } from '../model/assess.ts';
import type { WithoutPod } from '../unsupported.ts';
import { openGgufFile } from './import-gguf.ts';

export interface GgufDescription {
  /** The type that most of its weights are stored in; '' where it can't be read. */
  readonly quantisation: string;
  readonly contextTokens: number | null;
  readonly verdict: ModelAssessment['verdict'];
  readonly failure: Failure | null;
  /** Why no plan can save anything; null where one can. */
  readonly withoutPod: WithoutPod | null;
}

/** Never rejects for what is in the file: that is the verdict. */
export async function describeGguf(path: string): Promise<GgufDescription> {
  let told = { quantisation: '', contextTokens: null as number | null };
  try {
    const source = await openGgufFile(path);
    try {
      const gguf = await readGguf(source, basename(path));
      told = { quantisation: quantisationOf(gguf), contextTokens: contextOf(gguf) };
      const { verdict, failure, facts } = await judgeGguf(await prepareGguf(gguf));
      return { ...told, verdict, failure, withoutPod: facts?.withoutPod ?? null };
    } finally {
      await source.close();
    }
  } catch (cause) {
    return { ...told, verdict: 'not supported', failure: failureOf(cause), withoutPod: null };
  }
}

function quantisationOf({ tensors }: Gguf): string {
  const elements = new Map<string, number>();
  for (const { type, sizes } of tensors.values()) {
    const name = typeName(type);
    elements.set(name, (elements.get(name) ?? 0) + sizes.reduce((product, size) => product * size, 1));
  }
  return [...elements].toSorted(([, one], [, other]) => other - one)[0]?.[0] ?? '';
}

function contextOf({ keys }: Gguf): number | null {
  const tokens = keys.get(`${String(keys.get('general.architecture'))}.context_length`);
  return typeof tokens === 'number' ? tokens : null;
}
