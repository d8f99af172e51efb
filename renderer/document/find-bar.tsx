/** Where words to find are written; what finds them is the pane's. */
import { ChevronDown, ChevronUp } from 'lucide-react';
import { useId } from 'react';
import { count } from '../format.ts';
import { IconButton } from '../icon-button.tsx';
import { strings } from '../strings.ts';

interface FindBarProps {
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly onMove: (forward: boolean) => void;
  readonly matches: { readonly at: number; readonly total: number };
}

export function FindBar({ query, onQuery, onMove, matches }: FindBarProps) {
  const id = useId();
  const { at, total } = matches;
  return (
    <search className="find">
      <label htmlFor={id} className="hidden">
        {strings.document.find}
      </label>
      <input
        id={id}
        type="search"
        placeholder={strings.document.find}
        value={query}
        onChange={({ target }) => onQuery(target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          onMove(!event.shiftKey);
        }}
      />
      {query !== '' && (
        <>
          <output className="small quiet">
            {total === 0 ? strings.document.noMatches : strings.document.matches(count(at), count(total))}
          </output>
          <IconButton label={strings.document.findPrevious} onClick={() => onMove(false)}>
            <ChevronUp />
          </IconButton>
          <IconButton label={strings.document.findNext} onClick={() => onMove(true)}>
            <ChevronDown />
          </IconButton>
        </>
      )}
    </search>
  );
}
