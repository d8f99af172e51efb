/** Explores a model in a process of its own, which can be ended at any moment; Node forks it, or Electron as a utility process. */
import { join } from 'node:path';
import { failureOf } from '../errors.ts';
import { findPlan, loadExplorable } from '../explore/find-plan.ts';
import { openKnownCosts } from '../folders/known-costs.ts';
import { openModelFolder } from '../folders/node.ts';
import { log, startInheritedLog } from '../log/log.ts';
import { createCpuRuntime } from '../runtime/cpu.ts';
import { type ExploreMessage, exploreRequestSchema } from './explorer.ts';
import { connectParent } from './parent.ts';

startInheritedLog('explorer');
const parent = connectParent();
const post = (message: ExploreMessage) => parent.post(message);

parent.listen(async (message) => {
  try {
    const { folder, documents, goal, measured, threads } = exploreRequestSchema.parse(message);
    const runtime = createCpuRuntime(threads === undefined ? {} : { threads });
    const explorable = await loadExplorable(await openModelFolder(folder), runtime, join(folder, 'onnx'));
    const onProgress = (done: number, total: number) => post({ type: 'progress', done, total });
    const known = measured === undefined ? undefined : openKnownCosts(measured);
    const exploration = await findPlan(explorable, documents, { goal, known, onProgress });
    post({ type: 'found', exploration });
  } catch (cause) {
    log.error('no plan was found', cause);
    post({ type: 'failed', failure: failureOf(cause) });
  }
});
