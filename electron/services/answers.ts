/** Asks the engine, streams what it says, and keeps it turn by turn. */
import type { Answer, MemoryUse } from '../../engine/engine.ts';
import { failureOf, throwIfCancelled } from '../../engine/errors.ts';
import type { ResilientEngine } from '../../engine/hosts/resilient-engine.ts';
import { splitThinking } from '../../engine/thinking.ts';
import type { AppEvent, PolicyName, Settings, Turn, TurnAnswer } from '../contract.ts';
import type { ConversationStore } from './conversations.ts';
import type { HeldReading, Readings } from './readings.ts';

export interface AnswersParts {
  readonly conversations: ConversationStore;
  readonly readings: Readings;
  readonly engine: () => Promise<ResilientEngine>;
  readonly settings: () => Settings;
  readonly usualPolicy: () => PolicyName;
  /** Whether there is anything to compare. */
  readonly offersPod: () => boolean;
  readonly emit: (event: AppEvent) => void;
}

const WAITING = {
  state: 'waiting',
  text: '',
  pages: [],
  firstTokenSeconds: null,
  tokensPerSecond: null,
  memory: null,
  pagesRead: null,
  tokensRead: null,
  progress: null,
  failure: null,
} as const;

export class Answers {
  readonly #parts: AnswersParts;
  /** Turns that are being answered, as they stand now. */
  readonly #live = new Map<string, { turn: Turn; controller: AbortController }>();

  constructor(parts: AnswersParts) {
    this.#parts = parts;
  }

  ask(conversation: string, question: string, compare: boolean): Turn {
    const policies = this.#policies(compare);
    const turn = this.#parts.conversations.addTurn(conversation, question.trim(), policies.map(waiting));
    this.#parts.emit({ type: 'conversation', conversation: this.#parts.conversations.get(conversation) });
    this.#start(turn);
    return turn;
  }

  /** Asks again, in the same or in other words; what was said after it is taken away. */
  askAgain(id: string, question?: string): Turn {
    this.stop(id);
    const { conversations, emit } = this.#parts;
    const before = conversations.turn(id);
    const policies = this.#policies(before.answers.length > 1);
    const { turn, removed } = conversations.replaceTurn(
      id,
      (question ?? before.question).trim(),
      policies.map(waiting),
    );
    for (const each of removed) this.stop(each);
    if (removed.length > 0) emit({ type: 'turns-removed', conversation: turn.conversation, turns: removed });
    this.#start(turn);
    return turn;
  }

  stop(turn: string): void {
    this.#live.get(turn)?.controller.abort();
  }

  stopConversation(conversation: string): void {
    for (const { turn, controller } of this.#live.values()) if (turn.conversation === conversation) controller.abort();
  }

  stopAll(): void {
    for (const { controller } of this.#live.values()) controller.abort();
  }

  /** A conversation's turns, those under way as they stand now. */
  turns(conversation: string): Turn[] {
    return this.#parts.conversations.turns(conversation).map((turn) => this.#live.get(turn.id)?.turn ?? turn);
  }

  #policies(compare: boolean): PolicyName[] {
    return compare && this.#parts.offersPod() ? ['dense', 'pod'] : [this.#parts.usualPolicy()];
  }

  #start(turn: Turn): void {
    const live = { turn, controller: new AbortController() };
    this.#live.set(turn.id, live);
    this.#parts.emit({ type: 'turn', turn });
    void this.#answerAll(live).finally(() => {
      if (this.#live.get(turn.id) === live) this.#live.delete(turn.id);
    });
  }

  async #answerAll(live: { turn: Turn; controller: AbortController }): Promise<void> {
    for (const { policy } of live.turn.answers) {
      try {
        await this.#answer(live, policy);
      } catch (cause) {
        const failure = failureOf(cause);
        const stopped = failure.code === 'cancelled';
        this.#update(live, policy, stopped ? { state: 'stopped' } : { state: 'failed', failure });
      }
    }
  }

  async #answer(live: { turn: Turn; controller: AbortController }, policy: PolicyName): Promise<void> {
    const { conversations, readings, settings } = this.#parts;
    const { id, conversation, question } = live.turn;
    const { signal } = live.controller;
    const { document } = conversations.get(conversation);
    const onProgress = (done: number, total: number) =>
      this.#update(live, policy, { progress: { done, total } }, false);
    // The document goes on being read when only the question is taken back.
    const reading = await Promise.race([readings.need(document, policy, onProgress), whenAborted(signal)]);
    throwIfCancelled(signal);
    this.#update(live, policy, { state: 'answering', progress: null, ...readOf(reading) });
    const engine = await this.#parts.engine();
    let text = '';
    const { answer, memory } = await engine.ask(
      reading.number,
      { question, turns: this.#before(live.turn, policy), maxTokens: settings().maxAnswerTokens },
      {
        signal,
        onText: (more) => {
          text += more;
          this.#replaceAnswer(live, policy, { text });
          this.#parts.emit({ type: 'text', turn: id, policy, text });
        },
        onRestart: () => {
          text = '';
          this.#update(live, policy, { text }, false);
        },
      },
    );
    reading.memory = memory;
    this.#update(live, policy, answered(answer, memory));
  }

  /** What was said before in this conversation, under this policy where it was asked under it. */
  #before(turn: Turn, policy: PolicyName): { question: string; answer: string }[] {
    const turns = this.#parts.conversations.turns(turn.conversation);
    const earlier = turns.slice(
      0,
      turns.findIndex((each) => each.id === turn.id),
    );
    return earlier.flatMap(({ question, answers }) => {
      const answer = answers.find((each) => each.policy === policy && each.state === 'done') ?? answers[0];
      return answer?.state === 'done' ? [{ question, answer: splitThinking(answer.text).answer }] : [];
    });
  }

  #replaceAnswer(live: { turn: Turn }, policy: PolicyName, change: Partial<TurnAnswer>): void {
    const answers = live.turn.answers.map((each) => (each.policy === policy ? { ...each, ...change } : each));
    live.turn = { ...live.turn, answers };
  }

  /** Tells the screen, and keeps it; where it can't be kept, that is said and the answer stays on the screen. */
  #update(live: { turn: Turn }, policy: PolicyName, change: Partial<TurnAnswer>, keep = true): void {
    this.#replaceAnswer(live, policy, change);
    const { turn } = live;
    this.#parts.emit({ type: 'turn', turn });
    if (!keep) return;
    try {
      this.#parts.conversations.keepTurn(turn.id, turn.question, turn.answers);
    } catch (cause) {
      this.#parts.emit({ type: 'notice', notice: { kind: 'answer-not-kept', failure: failureOf(cause) } });
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      try {
        throwIfCancelled(signal);
      } catch (cause) {
        reject(cause);
      }
    });
  });
}

function waiting(policy: PolicyName): TurnAnswer {
  return { policy, ...WAITING };
}

function readOf({ pagesRead, tokens, memory }: HeldReading): Partial<TurnAnswer> {
  return { pagesRead, tokensRead: tokens, memory };
}

function answered(answer: Answer, memory: MemoryUse): Partial<TurnAnswer> {
  const { pages, firstTokenSeconds, decodeTokensPerSecond } = answer;
  const tokensPerSecond = decodeTokensPerSecond > 0 ? decodeTokensPerSecond : null;
  return { state: 'done', text: answer.answer, pages, firstTokenSeconds, tokensPerSecond, memory };
}
