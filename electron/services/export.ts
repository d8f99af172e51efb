/** A conversation as a file for people (Markdown) or for programs (JSON). */

import type { PlanOffer } from '../../engine/engine.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import type { Conversation, Turn, TurnAnswer } from '../contract.ts';

/** The plans that every model may have; others are called as the model at hand calls them, or by their ids. */
const PLAN_NAMES: Readonly<Record<string, string>> = { dense: 'Dense', pod: 'PoD' };

export interface Exported {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

export function exportConversation(
  format: 'markdown' | 'json',
  document: { readonly title: string; readonly name: string },
  conversation: Conversation,
  turns: readonly Turn[],
  plans: readonly PlanOffer[],
): Exported {
  const stem = conversation.title.replace(/[^\p{L}\p{N} _-]+/gu, '').trim() || 'conversation';
  if (format === 'json') {
    const content = { document, conversation, turns };
    return { name: `${stem}.json`, type: 'application/json', text: `${JSON.stringify(content, null, 2)}\n` };
  }
  const parts = turns.map((turn) =>
    [`## ${turn.question}`, ...turn.answers.map((answer) => formatAnswer(answer, plans))].join('\n\n'),
  );
  const text = [`# ${conversation.title}`, `About *${document.title}* (${document.name})`, ...parts].join('\n\n');
  return { name: `${stem}.md`, type: 'text/markdown', text: `${text}\n` };
}

function formatAnswer(answer: TurnAnswer, plans: readonly PlanOffer[]): string {
  const pages = answer.pages.map(({ page, share }) => `page ${page} (${Math.round(share * 100)} %)`).join(', ');
  const closest = answer.closest
    .map(({ page, passage }) => `\n- Page ${page}: “${passage.replace(/\s+/g, ' ')}”`)
    .join('');
  const text = answer.failure ? sentencesFor(answer.failure, 'app') : answer.text;
  const state = answer.state === 'stopped' ? ' (stopped)' : '';
  const plan = PLAN_NAMES[answer.plan] ?? plans.find(({ id }) => id === answer.plan)?.label ?? answer.plan;
  return `**${plan}**${state}: ${text}${closest ? `\n\nClosest passages:\n${closest}` : pages && `\n\nLooked at: ${pages}`}`;
}
