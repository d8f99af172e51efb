/** Where questions are written. */
import { SendHorizontal } from 'lucide-react';
import { Switch } from 'radix-ui';
import type { DocumentEntry } from '../../electron/contract.ts';
import { offeredPlans } from '../../engine/plan-choice.ts';
import { ask } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

export function Composer({ document }: { readonly document: DocumentEntry }) {
  const question = useAppState((state) => state.drafts[document.id] ?? '');
  const setDraft = useAppState((state) => state.setDraft);
  const compare = useAppState((state) => state.compare);
  const setCompare = useAppState((state) => state.setCompare);
  const comparable = useAppState(({ engine }) => engine.model === null || offeredPlans(engine.plans).length > 1);
  const isBuiltIn = useAppState(({ settings }) => settings !== undefined && settings.model === null);
  const answerable = document.state === 'stored';
  // The field is free for the next question at once; one that was not taken comes back.
  const submit = async () => {
    if (!answerable) return;
    setDraft(document.id, '');
    if (!(await ask(document.id, question))) setDraft(document.id, question);
  };
  const waiting = answerable && document.reading.state !== 'read' && document.reading.state !== 'none';
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {isBuiltIn && <AboutBuiltIn />}
      {waiting && <p className="quiet small">{strings.chat.wait}</p>}
      <label htmlFor="question" className="hidden">
        {strings.chat.question}
      </label>
      <textarea
        id="question"
        rows={2}
        placeholder={strings.chat.placeholder}
        value={question}
        disabled={!answerable}
        onChange={({ target }) => setDraft(document.id, target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          void submit();
        }}
      />
      <div className="controls">
        <div className="switch small">
          <Switch.Root id="compare" checked={compare && comparable} disabled={!comparable} onCheckedChange={setCompare}>
            <Switch.Thumb />
          </Switch.Root>
          <label htmlFor="compare">{comparable ? strings.compare.toggle : strings.explore.none}</label>
        </div>
        <button type="submit" className="primary" disabled={!answerable || question.trim() === ''}>
          {strings.chat.send} <SendHorizontal />
        </button>
      </div>
    </form>
  );
}

/** What can be expected of the answers, and the way to better ones. */
function AboutBuiltIn() {
  const openDialog = useAppState((state) => state.openDialog);
  return (
    <p className="quiet small about">
      {strings.chat.builtIn}{' '}
      <button type="button" className="link" onClick={() => openDialog({ kind: 'models' })}>
        {strings.chat.chooseModel}
      </button>
    </p>
  );
}
