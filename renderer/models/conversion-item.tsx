/** A GGUF file on its way to becoming a model. */
import { X } from 'lucide-react';
import type { Conversion } from '../../electron/contract.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, percent } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function ConversionItem({ conversion }: { readonly conversion: Conversion }) {
  const { name, state, done, total, failure } = conversion;
  if (state === 'done' || state === 'cancelled') return null;
  const far =
    total > 0 ? strings.models.far(bytes(done), bytes(total), percent(done / total)) : strings.models.checking;
  return (
    <div className="model download" data-state={state}>
      <div className="what">
        <strong>{name}</strong>
        {state === 'running' && (
          <>
            <progress aria-label={strings.models.converting(name)} max={Math.max(1, total)} value={done} />
            <p className="quiet small">{far}</p>
          </>
        )}
        {failure && <p className="failure small">{sentencesFor(failure, 'app')}</p>}
      </div>
      {state === 'running' && (
        <div className="buttons">
          <IconButton label={strings.models.stopConverting} onClick={() => void attempt(() => bridge.cancelImport({}))}>
            <X />
          </IconButton>
        </div>
      )}
    </div>
  );
}
