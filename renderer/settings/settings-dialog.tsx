/** The reader's choices; each takes effect when it is made. */
import type { Settings } from '../../electron/contract.ts';
import { offeredPlans } from '../../engine/plan-choice.ts';
import { bridge } from '../bridge/bridge.ts';
import { Modal } from '../dialogs/modal.tsx';
import { count } from '../format.ts';
import { attempt, refresh } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { CopyReport } from './copy-report.tsx';
import { PlanChooser } from './plan-chooser.tsx';

const change = (settings: Partial<Settings>) => void attempt(() => bridge.changeSettings(settings));

export function SettingsDialog() {
  const settings = useAppState((state) => state.settings);
  const engine = useAppState((state) => state.engine);
  const folder = useAppState((state) => state.dataFolder);
  if (!settings) return null;
  const { model, plans } = engine;
  return (
    <Modal title={strings.settings.title}>
      <div className="fields">
        <ModelField settings={settings} />
        <Choice
          label={strings.settings.runtime}
          options={strings.settings.runtimes}
          value={settings.runtime}
          onChange={(runtime) => change({ runtime: runtime as Settings['runtime'] })}
        />
        {model && <p className="quiet small">{strings.settings.now(model.runtime)}</p>}
        {model && <p className="quiet small">{strings.settings.modelNow(model.name, count(model.contextTokens))}</p>}
        <PlanChooser chosen={settings.plan} onChoose={(plan) => change({ plan })} />
        {model && offeredPlans(plans).length < 2 && <p className="warning small">{strings.explore.none}</p>}
        <NumberField name="sinks" label={strings.settings.sinks} settings={settings} min={0} max={1024} />
        <NumberField name="recent" label={strings.settings.recent} settings={settings} min={0} max={65536} />
        <NumberField
          name="memoryMebibytes"
          label={strings.settings.memory}
          settings={settings}
          min={64}
          max={1048576}
        />
        <NumberField name="threads" label={strings.settings.threads} settings={settings} min={1} max={256} />
        <NumberField
          name="maxAnswerTokens"
          label={strings.settings.maxAnswerTokens}
          settings={settings}
          min={1}
          max={4096}
        />
        <p className="quiet small">{strings.settings.changes}</p>
      </div>
      <h3>{strings.settings.fault}</h3>
      <CopyReport />
      <h3>{strings.settings.data}</h3>
      <p className="quiet small">{strings.settings.folder(folder)}</p>
      <ClearData />
    </Modal>
  );
}

/** The model that is used; the models page has all of them. */
function ModelField({ settings }: { readonly settings: Settings }) {
  const openDialog = useAppState((state) => state.openDialog);
  return (
    <div className="model-field">
      <span>{strings.settings.model}</span>
      <span>{settings.model ?? strings.settings.builtIn}</span>
      <button type="button" onClick={() => openDialog({ kind: 'models' })}>
        {strings.settings.otherModels}
      </button>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly options: Readonly<Record<string, string>>;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, options, value, onChange }: ChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        {Object.entries(options).map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface NumberFieldProps {
  readonly name: 'sinks' | 'recent' | 'memoryMebibytes' | 'threads' | 'maxAnswerTokens';
  readonly label: string;
  readonly settings: Settings;
  readonly min: number;
  readonly max: number;
}

/** Empty means that Proxima chooses. */
function NumberField({ name, label, settings, min, max }: NumberFieldProps) {
  const commit = (input: HTMLInputElement) => {
    if (!input.validity.valid) return;
    const value = input.value === '' ? null : input.valueAsNumber;
    if (value === null && name === 'maxAnswerTokens') return;
    if (value !== settings[name]) change({ [name]: value });
  };
  return (
    <label>
      {label}
      <input
        type="number"
        min={min}
        max={max}
        placeholder={strings.settings.automatic}
        defaultValue={settings[name] ?? ''}
        onBlur={({ currentTarget }) => commit(currentTarget)}
        onKeyDown={({ key, currentTarget }) => key === 'Enter' && commit(currentTarget)}
      />
    </label>
  );
}

function ClearData() {
  const openDialog = useAppState((state) => state.openDialog);
  const clear = () =>
    openDialog({
      kind: 'confirm',
      title: strings.settings.clearTitle,
      text: strings.settings.clearConfirm,
      action: strings.settings.clear,
      run: () =>
        void attempt(async () => {
          await bridge.clearData({});
          await refresh();
        }),
    });
  return (
    <button type="button" className="danger" onClick={clear}>
      {strings.settings.clear}
    </button>
  );
}
