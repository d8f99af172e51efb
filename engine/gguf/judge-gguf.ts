/** Whether a GGUF file's model runs here, judged as any model folder is, before its weights are converted. */
import { failureOf, firstLineOf, ProximaError } from '../errors.ts';
import { assessModel, type ModelAssessment } from '../model/assess.ts';
import { folderOf, type PreparedGguf } from './prepare-gguf.ts';
import { damagedGguf, legible } from './read-gguf.ts';

/** Never rejects for what is in the file: that is the verdict. */
export async function judgeGguf(prepared: PreparedGguf): Promise<ModelAssessment> {
  const { name } = prepared.gguf;
  try {
    return await assessModel(folderOf(prepared));
  } catch (cause) {
    // The judge reads published folders, whose parts are sound by themselves; a template or a pattern of a hostile file is not.
    const failure = failureOf(cause instanceof ProximaError ? cause : damagedGguf(name, legible(firstLineOf(cause))));
    return { name, verdict: 'not supported', failure, facts: null };
  }
}
