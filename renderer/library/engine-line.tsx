/** How the engine is, at the foot of the library. */
import { sentencesFor } from '../../engine/words/words.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

export function EngineLine() {
  const { state, model, failure } = useAppState(({ engine }) => engine);
  const text =
    state === 'ready'
      ? strings.engine.ready(model?.runtime ?? '')
      : state === 'failed'
        ? `${strings.engine.failed} ${failure ? sentencesFor(failure, 'app') : ''}`
        : strings.engine[state];
  return (
    <footer className="engine small" data-state={state}>
      <output>{text}</output>
    </footer>
  );
}
