/** A folder that is already there, used where it is. */
import { useId, useState } from 'react';
import { bridge } from '../bridge/bridge.ts';
import { attempt, loadModels } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function ImportFolder() {
  const [folder, setFolder] = useState('');
  const [busy, setBusy] = useState(false);
  const id = useId();
  const add = async () => {
    setBusy(true);
    await attempt(async () => {
      await bridge.importModel({ folder: folder.trim() });
      setFolder('');
      await loadModels();
    });
    setBusy(false);
  };
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <label htmlFor={id}>{strings.models.importLabel}</label>
      <input id={id} value={folder} maxLength={4096} onChange={({ target }) => setFolder(target.value)} />
      <button type="submit" disabled={busy || folder.trim() === ''}>
        {busy ? strings.models.checking : strings.models.import}
      </button>
      <p className="quiet small">{strings.models.importHint}</p>
    </form>
  );
}
