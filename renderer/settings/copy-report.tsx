/** Puts a fault report on the clipboard; nothing is sent anywhere. */
import { useState } from 'react';
import { bridge } from '../bridge/bridge.ts';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function CopyReport() {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    attempt(async () => {
      await navigator.clipboard.writeText(await bridge.getReport({}));
      setCopied(true);
    });
  return (
    <>
      <p className="quiet small">{strings.settings.reportHas}</p>
      <button type="button" onClick={() => void copy()} aria-live="polite">
        {copied ? strings.settings.reported : strings.settings.report}
      </button>
    </>
  );
}
