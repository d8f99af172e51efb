/**
 * Finds out what reading a graph's structure does not tell, and loading it would: whether the runtime has its kernels, what its masks say,
 * and whether its tables can be made. What needs weights that are not there yet is left for when they are.
 */
import type { Runtime } from '../runtime/runtime.ts';
import { biasesOf, checkBiases } from './attention-bias.ts';
import type { GraphHints } from './config.ts';
import type { CutModel } from './cut.ts';
import { needsData } from './graph-part.ts';
import { checkKernels } from './kernels.ts';
import { checkTables, computedTables } from './tables.ts';

/** dataFolder: where external data lies; undefined while it is still to come. Rejects with `model-unsupported` or `model-damaged`. */
export async function judgeCut(
  cut: CutModel,
  runtime: Runtime,
  hints: GraphHints,
  dataFolder: string | undefined,
): Promise<void> {
  const canRun = (names: readonly string[]) => dataFolder !== undefined || !needsData(cut.model, names);
  await checkKernels(cut, runtime);
  if (canRun(biasesOf(cut))) await checkBiases(cut, runtime, dataFolder);
  await checkTables(cut, runtime, dataFolder, hints, canRun(computedTables(cut)));
}
