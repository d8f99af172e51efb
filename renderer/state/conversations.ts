/** Conversations and unsent questions by document, turns by conversation. */
import type { AppEvent, Conversation, Turn } from '../../electron/contract.ts';
import type { Slice } from './slice.ts';

export interface ConversationsSlice {
  readonly conversations: Readonly<Record<string, readonly Conversation[]>>;
  readonly turns: Readonly<Record<string, readonly Turn[]>>;
  readonly drafts: Readonly<Record<string, string>>;
  setConversations(document: string, conversations: readonly Conversation[]): void;
  setTurns(conversation: string, turns: readonly Turn[]): void;
  setDraft(document: string, question: string): void;
  receiveConversation(event: AppEvent): void;
}

export const createConversationsSlice: Slice<ConversationsSlice> = (set) => ({
  conversations: {},
  turns: {},
  drafts: {},
  setConversations: (document, conversations) =>
    set((state) => ({ conversations: { ...state.conversations, [document]: conversations } })),
  setTurns: (conversation, turns) => set((state) => ({ turns: { ...state.turns, [conversation]: turns } })),
  setDraft: (document, question) => set((state) => ({ drafts: { ...state.drafts, [document]: question } })),
  receiveConversation: (event) => set((state) => changed(state, event)),
});

function changed(state: ConversationsSlice, event: AppEvent): Partial<ConversationsSlice> {
  if (event.type === 'conversation') {
    const { conversation } = event;
    const others = (state.conversations[conversation.document] ?? []).filter(({ id }) => id !== conversation.id);
    const sorted = [conversation, ...others].sort((one, other) => other.changed - one.changed);
    return { conversations: { ...state.conversations, [conversation.document]: sorted } };
  }
  if (event.type === 'conversation-deleted') {
    const left = (state.conversations[event.document] ?? []).filter(({ id }) => id !== event.conversation);
    return { conversations: { ...state.conversations, [event.document]: left } };
  }
  if (event.type === 'turn') return withTurn(state, event.turn);
  if (event.type === 'turns-removed') {
    const left = (state.turns[event.conversation] ?? []).filter(({ id }) => !event.turns.includes(id));
    return { turns: { ...state.turns, [event.conversation]: left } };
  }
  return event.type === 'text' ? withText(state, event) : {};
}

function withTurn({ turns }: ConversationsSlice, turn: Turn): Partial<ConversationsSlice> {
  const known = turns[turn.conversation] ?? [];
  const isNew = known.every(({ id }) => id !== turn.id);
  const next = isNew ? [...known, turn] : known.map((each) => (each.id === turn.id ? turn : each));
  return { turns: { ...turns, [turn.conversation]: next } };
}

function withText(state: ConversationsSlice, event: Extract<AppEvent, { type: 'text' }>): Partial<ConversationsSlice> {
  const turn = Object.values(state.turns)
    .flat()
    .find(({ id }) => id === event.turn);
  if (!turn) return {};
  const answers = turn.answers.map((each, index) =>
    index === event.answer ? { ...each, text: each.text.slice(0, event.from) + event.text } : each,
  );
  return withTurn(state, { ...turn, answers });
}
