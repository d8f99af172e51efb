/** Finds words in what was asked and answered. */
import { useEffect, useId, useState } from 'react';
import type { SearchHit } from '../../electron/contract.ts';
import { bridge } from '../bridge/bridge.ts';
import { attempt, choose } from '../state/actions.ts';
import { strings } from '../strings.ts';

const PAUSE = 150;

export function Search() {
  const [words, setWords] = useState('');
  const [hits, setHits] = useState<readonly SearchHit[]>();
  const id = useId();
  useEffect(() => {
    if (words.trim() === '') {
      setHits(undefined);
      return;
    }
    const timer = setTimeout(() => void attempt(async () => setHits(await bridge.search({ text: words }))), PAUSE);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <search className="search">
      <label htmlFor={id} className="hidden">
        {strings.library.search}
      </label>
      <input
        id={id}
        type="search"
        placeholder={strings.library.search}
        value={words}
        onChange={({ target }) => setWords(target.value)}
      />
      {hits && (
        <>
          <output className="quiet small">
            {hits.length === 0 ? strings.library.noHits : strings.library.hits(hits.length)}
          </output>
          <ul className="hits">
            {hits.map(({ conversation, turn, excerpt }) => (
              <li key={turn}>
                <button
                  type="button"
                  onClick={() => void attempt(() => choose(conversation.document, conversation.id))}
                >
                  <strong>{conversation.title}</strong>
                  <span>{excerpt}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </search>
  );
}
