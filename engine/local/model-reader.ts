/** A loaded model as what reads and answers. */
import type { ContextSpec } from '../engine.ts';
import type { Model } from '../model/model.ts';
import { choosePolicy, plansOf } from '../policy.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Reader } from './reader.ts';
import { measurePages, Reading } from './reading.ts';
import { answersByQuoting } from './tokenise-document.ts';

export function readerOf(model: Model, runtime: Runtime): Reader {
  const plans = plansOf(model);
  const pagesOf = ({ parts }: Pick<ContextSpec, 'parts'>) => parts.flatMap(({ pages }) => pages);
  return {
    model: {
      name: model.name,
      runtime: runtime.name,
      layers: model.config.layers,
      contextTokens: model.contextTokens,
      weightBytes: model.weightBytes,
    },
    capabilities: {
      plans,
      evidence: 'attention',
      answers: answersByQuoting(model) ? 'quoted' : 'written',
      tokenCounts: 'exact',
      snapshots: false,
    },
    availableBytes: () => runtime.availableBytes(),
    measure: (context, availableBytes) => {
      const { sinks, recent } = context;
      const policies = plans.map(({ id }) => choosePolicy(model, { policy: id, sinks, recent }));
      return measurePages(model, policies, pagesOf(context), availableBytes);
    },
    begin: (context, availableBytes) => {
      const { plan, sinks, recent } = context;
      const policy = choosePolicy(model, { policy: plan, sinks, recent });
      return Reading.begin(model, policy, { pages: pagesOf(context) }, availableBytes);
    },
    close: () => model.decoder.close(),
  };
}
