/** Calls about conversations and their turns. */
import { ProximaError } from '../../../engine/errors.ts';
import type { Handlers } from '../../contract.ts';
import { exportConversation } from '../export.ts';
import type { Services } from '../services.ts';

type ConversationCalls =
  | 'listConversations'
  | 'createConversation'
  | 'getConversation'
  | 'renameConversation'
  | 'deleteConversation'
  | 'ask'
  | 'editQuestion'
  | 'retry'
  | 'stop'
  | 'search'
  | 'exportConversation';

export function conversationHandlers(services: Services): Pick<Handlers, ConversationCalls> {
  const { answers, conversations, events, store, engine } = services;
  return {
    listConversations: ({ document }) => conversations.list(document),
    createConversation: ({ document }) => {
      store.get(document);
      const conversation = conversations.create(document);
      events.emit({ type: 'conversation', conversation });
      return conversation;
    },
    getConversation: ({ conversation }) => ({
      conversation: conversations.get(conversation),
      turns: answers.turns(conversation),
    }),
    renameConversation: ({ conversation: id, title }) => {
      const conversation = conversations.rename(id, title);
      events.emit({ type: 'conversation', conversation });
      return conversation;
    },
    deleteConversation: ({ conversation }) => {
      const { document } = conversations.get(conversation);
      answers.forgetConversation(conversation);
      conversations.delete(conversation);
      events.emit({ type: 'conversation-deleted', conversation, document });
      return null;
    },
    ask: ({ conversation, question, compare }) => answers.ask(conversation, checked(question), compare),
    editQuestion: ({ turn, question }) => answers.askAgain(turn, checked(question)),
    retry: ({ turn }) => answers.askAgain(turn),
    stop: ({ turn }) => {
      answers.stop(turn);
      return null;
    },
    search: ({ text }) => conversations.search(text),
    exportConversation: ({ conversation: id, format }) => {
      const conversation = conversations.get(id);
      return exportConversation(
        format,
        store.get(conversation.document),
        conversation,
        answers.turns(id),
        engine.plans,
      );
    },
  };
}

function checked(question: string): string {
  if (question.trim() !== '') return question;
  throw new ProximaError('question-empty');
}
