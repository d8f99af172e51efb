/** Models that are good at reading, and any other of the hub: what there is of one is asked for by a click. */
import { useId, useState } from 'react';
import type { CatalogueEntry, Models, RepositoryChoices } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, count } from '../format.ts';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';

export function Catalogue({ models: { catalogue, hub, downloads } }: { readonly models: Models }) {
  const [repository, setRepository] = useState('');
  const [found, setFound] = useState<RepositoryChoices | undefined>();
  const [asking, setAsking] = useState<string | undefined>();
  const id = useId();
  const lookUp = async (name: string) => {
    setAsking(name);
    await attempt(async () => setFound(await bridge.lookUpModel({ repository: name })));
    setAsking(undefined);
  };
  const choices = (name: string) =>
    found?.repository === name && <Choices found={found} busy={downloads.some((each) => each.repository === name)} />;
  return (
    <section aria-label={strings.models.more}>
      <h3>{strings.models.more}</h3>
      <p className="quiet small">{strings.models.hub(hub.endpoint)}</p>
      <ul>
        {catalogue.map((entry) => (
          <li key={entry.repository} className="model">
            <div className="what">
              <strong>{entry.title}</strong>
              <Entry entry={entry} />
              {choices(entry.repository)}
            </div>
            <div className="buttons">
              <button
                type="button"
                aria-label={strings.models.lookUpModel(entry.title)}
                disabled={asking !== undefined}
                onClick={() => void lookUp(entry.repository)}
              >
                {asking === entry.repository ? strings.models.asking : strings.models.lookUp}
              </button>
            </div>
          </li>
        ))}
      </ul>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          void lookUp(repository.trim());
        }}
      >
        <label htmlFor={id}>{strings.models.other}</label>
        <input
          id={id}
          value={repository}
          maxLength={200}
          placeholder={strings.models.otherExample}
          onChange={({ target }) => setRepository(target.value)}
        />
        <button type="submit" disabled={asking !== undefined || repository.trim() === ''}>
          {strings.models.lookUp}
        </button>
        {!catalogue.some((entry) => entry.repository === found?.repository) && found && choices(found.repository)}
      </form>
    </section>
  );
}

function Entry({ entry }: { readonly entry: CatalogueEntry }) {
  const { state, because, contextTokens, licence, cacheBytesPerThousand } = entry;
  return (
    <p className="quiet small">
      {strings.models.entry(count(contextTokens), licence)}{' '}
      {strings.models.cache(bytes(cacheBytesPerThousand.dense), bytes(cacheBytesPerThousand.pod))}{' '}
      {strings.models.states[state]} {because}
    </p>
  );
}

function Choices({ found, busy }: { readonly found: RepositoryChoices; readonly busy: boolean }) {
  const { repository } = found;
  return (
    <p className="choices">
      {found.choices.map(({ dtype, bytes: size }) => (
        <button
          key={dtype}
          type="button"
          className="primary"
          disabled={busy}
          onClick={() => void attempt(() => bridge.downloadModel({ repository, dtype }))}
        >
          {strings.models.get(dtype, bytes(size))}
        </button>
      ))}
    </p>
  );
}
