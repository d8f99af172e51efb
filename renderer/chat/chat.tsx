/** The conversation about the document that is chosen. */
import { PanelRight } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { Turn } from '../../electron/contract.ts';
import { IconButton } from '../icon-button.tsx';
import { MemoryGauge } from '../memory/memory-gauge.tsx';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { Composer } from './composer.tsx';
import { ConversationMenu } from './conversation-menu.tsx';
import { TurnView } from './turn-view.tsx';

const NO_TURNS: readonly Turn[] = [];

export function Chat() {
  const document = useAppState((state) => (state.document ? state.documents[state.document] : undefined));
  const conversation = useAppState((state) => state.conversation);
  const turns = useAppState((state) => (conversation ? (state.turns[conversation] ?? NO_TURNS) : NO_TURNS));
  const paneOpen = useAppState((state) => state.paneOpen);
  const setPaneOpen = useAppState((state) => state.setPaneOpen);
  if (!document) {
    return (
      <main className="chat welcome" id="conversation">
        <img src="./icon.svg" alt="" width="72" height="72" />
        <h2>{strings.tagline}</h2>
        <p className="quiet">{strings.chat.choose}</p>
      </main>
    );
  }
  return (
    <main className="chat" id="conversation">
      <header>
        <h2>{document.title}</h2>
        <ConversationMenu document={document.id} conversation={conversation} />
        <IconButton
          label={paneOpen ? strings.document.hide : strings.document.show}
          aria-pressed={paneOpen}
          onClick={() => setPaneOpen(!paneOpen)}
        >
          <PanelRight />
        </IconButton>
      </header>
      <MemoryGauge document={document} />
      <Turns turns={turns} />
      <Composer document={document} />
    </main>
  );
}

/** Follows what is said as long as the reader has not scrolled away. */
function Turns({ turns }: { readonly turns: readonly Turn[] }) {
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is said makes the list longer.
  useEffect(() => {
    if (list.current && atEnd.current) list.current.scrollTop = list.current.scrollHeight;
  }, [turns]);
  return (
    <ol
      ref={list}
      className="turns"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
      tabIndex={0}
      aria-label={strings.chat.title}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      {turns.length === 0 && <li className="quiet empty">{strings.chat.empty}</li>}
      {turns.map((turn) => (
        <TurnView key={turn.id} turn={turn} />
      ))}
    </ol>
  );
}
