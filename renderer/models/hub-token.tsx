/** A token for models behind terms; it never comes back to the screen. */
import { useId, useState } from 'react';
import type { HubState } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { attempt, loadModels } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function HubToken({ hub }: { readonly hub: HubState }) {
  const [token, setToken] = useState('');
  const id = useId();
  const keep = (value: string | null) =>
    attempt(async () => {
      await bridge.setHubToken({ token: value });
      setToken('');
      await loadModels();
    });
  const own = hub.token === 'keychain' || hub.token === 'until the app ends';
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        void keep(token);
      }}
    >
      <label htmlFor={id}>{strings.models.token}</label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        value={token}
        maxLength={500}
        onChange={({ target }) => setToken(target.value)}
      />
      <button type="submit" disabled={token.trim() === ''}>
        {strings.models.keepToken}
      </button>
      {own && (
        <button type="button" onClick={() => void keep(null)}>
          {strings.models.forgetToken}
        </button>
      )}
      <p className="quiet small">{strings.models.tokens[hub.token]}</p>
    </form>
  );
}
