/** Where questions are written. */
import { SendHorizontal } from 'lucide-react';
import { Switch } from 'radix-ui';
import { useState } from 'react';
import type { DocumentEntry } from '../../electron/contract.ts';
import { ask } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

export function Composer({ document }: { readonly document: DocumentEntry }) {
  const [question, setQuestion] = useState('');
  const compare = useAppState((state) => state.compare);
  const setCompare = useAppState((state) => state.setCompare);
  const answerable = document.state === 'stored';
  const submit = async () => {
    if (answerable && (await ask(question))) setQuestion('');
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
        onChange={({ target }) => setQuestion(target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          void submit();
        }}
      />
      <div className="controls">
        <div className="switch small">
          <Switch.Root id="compare" checked={compare} onCheckedChange={setCompare}>
            <Switch.Thumb />
          </Switch.Root>
          <label htmlFor="compare">{strings.compare.toggle}</label>
        </div>
        <button type="submit" className="primary" disabled={!answerable || question.trim() === ''}>
          {strings.chat.send} <SendHorizontal />
        </button>
      </div>
    </form>
  );
}
