/** A question and its answer, or its two answers side by side. */
import { Pencil, RotateCcw, Square } from 'lucide-react';
import { useId, useState } from 'react';
import type { Turn } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { Comparison } from '../compare/comparison.tsx';
import { IconButton } from '../icon-button.tsx';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';
import { AnswerView } from './answer-view.tsx';

export function TurnView({ turn }: { readonly turn: Turn }) {
  const [editing, setEditing] = useState(false);
  const underWay = turn.answers.some(({ state }) => state === 'waiting' || state === 'answering');
  const [first] = turn.answers;
  return (
    <li className="turn" aria-busy={underWay}>
      {editing ? <EditQuestion turn={turn} onEnd={() => setEditing(false)} /> : <h3>{turn.question}</h3>}
      {turn.answers.length > 1 ? <Comparison turn={turn} /> : first && <AnswerView answer={first} />}
      <div className="actions">
        {underWay ? (
          <IconButton label={strings.chat.stop} onClick={() => void attempt(() => bridge.stop({ turn: turn.id }))}>
            <Square />
          </IconButton>
        ) : (
          <>
            <IconButton label={strings.chat.retry} onClick={() => void attempt(() => bridge.retry({ turn: turn.id }))}>
              <RotateCcw />
            </IconButton>
            <IconButton label={strings.chat.edit} onClick={() => setEditing(true)}>
              <Pencil />
            </IconButton>
          </>
        )}
      </div>
    </li>
  );
}

function EditQuestion({ turn, onEnd }: { readonly turn: Turn; readonly onEnd: () => void }) {
  const [question, setQuestion] = useState(turn.question);
  const id = useId();
  return (
    <form
      className="edit"
      onSubmit={(event) => {
        event.preventDefault();
        onEnd();
        void attempt(() => bridge.editQuestion({ turn: turn.id, question }));
      }}
    >
      <label htmlFor={id} className="hidden">
        {strings.chat.edit}
      </label>
      <textarea
        id={id}
        rows={2}
        value={question}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked to write here.
        autoFocus
        onChange={({ target }) => setQuestion(target.value)}
        onKeyDown={({ key }) => key === 'Escape' && onEnd()}
      />
      <p className="quiet small">{strings.chat.editWarning}</p>
      <button type="submit" className="primary" disabled={question.trim() === ''}>
        {strings.chat.editSave}
      </button>
      <button type="button" onClick={onEnd}>
        {strings.cancel}
      </button>
    </form>
  );
}
