/** A model on its way: how far, and what can be done about it. */

import { Pause, Play, X } from 'lucide-react';
import type { Download } from '../../electron/contract.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, percent } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function DownloadItem({ download: each }: { readonly download: Download }) {
  const { id: download, repository, dtype, state, done, total, failure } = each;
  const running = state === 'running';
  const far = total > 0 ? strings.models.far(bytes(done), bytes(total), percent(done / total)) : strings.models.asking;
  return (
    <li className="model download" data-state={state}>
      <div className="what">
        <strong>{strings.models.named(repository, dtype)}</strong>
        <progress aria-label={strings.models.progress(repository)} max={Math.max(1, total)} value={done} />
        <p className="quiet small">{state === 'paused' ? strings.models.paused(far) : far}</p>
        {failure && <p className="failure small">{sentencesFor(failure, 'app')}</p>}
      </div>
      <div className="buttons">
        {running ? (
          <IconButton
            label={strings.models.pause}
            onClick={() => void attempt(() => bridge.pauseDownload({ download }))}
          >
            <Pause />
          </IconButton>
        ) : (
          <IconButton
            label={strings.models.resume}
            onClick={() => void attempt(() => bridge.resumeDownload({ download }))}
          >
            <Play />
          </IconButton>
        )}
        <IconButton
          label={strings.models.giveUp}
          onClick={() => void attempt(() => bridge.cancelDownload({ download }))}
        >
          <X />
        </IconButton>
      </div>
    </li>
  );
}
