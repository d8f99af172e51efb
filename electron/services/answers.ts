/** Asks the engine, streams what it says, and keeps it turn by turn. The one owner of a turn's answers. */
import type { AskEvent, PlanId } from '../../engine/engine.ts';
import { failureOf } from '../../engine/errors.ts';
import { cancelledBy } from '../../engine/jobs/job.ts';
import { splitThinking } from '../../engine/thinking.ts';
import type { AppEvent, Settings, Turn, TurnAnswer } from '../contract.ts';
import { type AnswerEvent, isOver, newAnswer, nextTurn, stoppedTurn } from './answer-state.ts';
import type { ConversationStore } from './conversations.ts';
import type { HeldDocument, Readings } from './readings.ts';

export interface AnswersParts {
  readonly conversations: ConversationStore;
  readonly readings: Readings;
  readonly settings: () => Settings;
  /** The plans that a comparison shows side by side, for a document; one where there is nothing to compare. */
  readonly comparedPlans: (document: string) => readonly PlanId[];
  readonly arePlansKnown: () => boolean;
  readonly emit: (event: AppEvent) => void;
}

/** One attempt at a turn. Another one supersedes it: then nothing that it still says counts. */
interface Run {
  turn: Turn;
  readonly compare: boolean;
  readonly controller: AbortController;
}

export class Answers {
  readonly #parts: AnswersParts;
  /** By turn. */
  readonly #runs = new Map<string, Run>();
  /** Turns that the storage did not take, as they stand: it is tried again. */
  readonly #unkept = new Map<string, Turn>();
  /** Comparisons of which nobody knows yet what they compare: asked again after they were ended, they still are comparisons. */
  readonly #unplanned = new Set<string>();

  constructor(parts: AnswersParts) {
    this.#parts = parts;
  }

  ask(conversation: string, question: string, compare: boolean): Turn {
    const { conversations, emit } = this.#parts;
    const plans = this.#plans(conversation, compare);
    const turn = conversations.addTurn(conversation, question.trim(), plans.map(newAnswer));
    emit({ type: 'conversation', conversation: conversations.get(conversation) });
    this.#start(turn, compare);
    return turn;
  }

  /** Asks again, in the same or in other words; what was said after it is removed. */
  askAgain(id: string, question?: string): Turn {
    const { conversations, emit } = this.#parts;
    const before = conversations.turn(id);
    const compare = this.#unplanned.has(id) || before.answers.length > 1;
    const plans = this.#plans(before.conversation, compare);
    const text = (question ?? before.question).trim();
    const { turn, removed } = conversations.replaceTurn(id, text, plans.map(newAnswer));
    for (const each of [id, ...removed]) this.#supersede(each);
    if (removed.length > 0) emit({ type: 'turns-removed', conversation: turn.conversation, turns: removed });
    this.#start(turn, compare);
    return turn;
  }

  /** Holds at once, whatever the engine is doing. */
  stop(id: string): void {
    const run = this.#runs.get(id);
    if (run) this.#end(run);
  }

  stopAll(): void {
    for (const id of [...this.#runs.keys()]) this.stop(id);
  }

  /** The conversation is removed: nothing of it is told or kept any more. */
  forgetConversation(conversation: string): void {
    for (const [id, { turn }] of [...this.#runs]) if (turn.conversation === conversation) this.#supersede(id);
    for (const { id } of this.#parts.conversations.turns(conversation)) this.#unplanned.delete(id);
    for (const [id, turn] of [...this.#unkept]) if (turn.conversation === conversation) this.#unkept.delete(id);
  }

  /** A conversation's turns, those under way as they stand now. */
  turns(conversation: string): Turn[] {
    const { conversations } = this.#parts;
    return conversations
      .turns(conversation)
      .map((turn) => this.#runs.get(turn.id)?.turn ?? this.#unkept.get(turn.id) ?? turn);
  }

  #plans(conversation: string, compare: boolean): readonly PlanId[] {
    const { document } = this.#parts.conversations.get(conversation);
    const { readings, comparedPlans } = this.#parts;
    return compare ? comparedPlans(document) : [readings.planOf(document)];
  }

  #supersede(id: string): void {
    this.#unkept.delete(id);
    this.#runs.get(id)?.controller.abort();
    this.#runs.delete(id);
  }

  /** Every answer that isn't over is stopped. */
  #end(run: Run): void {
    if (!this.#isCurrent(run)) return;
    this.#supersede(run.turn.id);
    this.#replace(run, stoppedTurn(run.turn), true);
  }

  #start(turn: Turn, compare: boolean): void {
    if (compare && !this.#parts.arePlansKnown()) this.#unplanned.add(turn.id);
    else this.#unplanned.delete(turn.id);
    const run: Run = { turn, compare, controller: new AbortController() };
    this.#runs.set(turn.id, run);
    this.#parts.emit({ type: 'turn', turn });
    void this.#answerAll(run);
  }

  #isCurrent(run: Run): boolean {
    return this.#runs.get(run.turn.id) === run;
  }

  /** A question that came before it was known which plans there are is answered under those that hold now. */
  async #replan(run: Run): Promise<void> {
    const { conversations, readings } = this.#parts;
    const unplanned = run.turn.answers;
    try {
      const { document } = conversations.get(run.turn.conversation);
      await readings.whenPlansKnown(document, run.controller.signal);
      if (!this.#isCurrent(run)) return;
      this.#unplanned.delete(run.turn.id);
      const answers = this.#plans(run.turn.conversation, run.compare).map(newAnswer);
      this.#replace(run, { ...run.turn, answers }, true);
    } catch (cause) {
      for (const index of unplanned.keys()) this.#move(run, index, { type: 'failed', failure: failureOf(cause) });
    }
  }

  /** One answer after the other. Never rejects. */
  async #answerAll(run: Run): Promise<void> {
    if (!this.#parts.arePlansKnown()) await this.#replan(run);
    for (const [index, { plan }] of run.turn.answers.entries()) {
      if (!this.#isCurrent(run)) return;
      const answer = run.turn.answers[index];
      if (!answer || isOver(answer)) continue;
      try {
        await this.#answer(run, index, plan);
      } catch (cause) {
        const failure = failureOf(cause);
        // Whoever took back the reading doesn't want it begun under the next plan.
        if (failure.code === 'cancelled') return this.#end(run);
        this.#move(run, index, { type: 'failed', failure });
      }
    }
    if (this.#isCurrent(run)) this.#runs.delete(run.turn.id);
  }

  #answer(run: Run, index: number, plan: PlanId): Promise<void> {
    const { conversations, readings } = this.#parts;
    const { signal } = run.controller;
    const { document } = conversations.get(run.turn.conversation);
    const onProgress = (done: number, total: number) => this.#move(run, index, { type: 'reading', done, total });
    return readings.use(document, plan, { signal, onProgress }, (held) => this.#ask(run, index, plan, held));
  }

  async #ask(run: Run, index: number, plan: PlanId, { context, pagesRead }: HeldDocument): Promise<void> {
    const { tokens: tokensRead, memory } = context;
    this.#move(run, index, { type: 'begun', pagesRead, tokensRead, memory });
    const question = {
      text: run.turn.question,
      turns: this.#before(run.turn, plan),
      maxTokens: this.#parts.settings().maxAnswerTokens,
    };
    const onEvent = (event: AskEvent) => this.#hear(run, index, event);
    const job = cancelledBy(context.ask(question, onEvent), run.controller.signal);
    this.#move(run, index, { type: 'answered', ...(await job.result) });
  }

  #hear(run: Run, index: number, event: AskEvent): void {
    const from = run.turn.answers[index]?.text.length ?? 0;
    this.#move(run, index, event);
    const { text = '' } = run.turn.answers[index] ?? {};
    if (event.type === 'text' && this.#isCurrent(run))
      this.#parts.emit({ type: 'text', turn: run.turn.id, answer: index, from, text: text.slice(from) });
  }

  /** What was said before a turn, under the same plan where it was answered under it. */
  #before({ id, conversation }: Turn, plan: PlanId): { question: string; answer: string }[] {
    const turns = this.turns(conversation);
    const earlier = turns.slice(
      0,
      turns.findIndex((each) => each.id === id),
    );
    return earlier.flatMap(({ question, answers }) => {
      const answer = answers.find((each) => each.plan === plan && each.state === 'done') ?? answers[0];
      return answer?.state === 'done' ? [{ question, answer: splitThinking(answer.text).answer }] : [];
    });
  }

  #move(run: Run, index: number, event: AnswerEvent): void {
    if (!this.#isCurrent(run)) return;
    const before = run.turn;
    const after = nextTurn(before, index, event);
    if (after === before) return;
    if (event.type === 'text') run.turn = after;
    else this.#replace(run, after, isKept(before.answers[index], after.answers[index]));
  }

  /** Tells the screen, and keeps it; where it can't be kept, that is said and the answer stays on the screen. */
  #replace(run: Run, turn: Turn, keep: boolean): void {
    run.turn = turn;
    this.#parts.emit({ type: 'turn', turn });
    if (!keep) return;
    this.#unkept.set(turn.id, turn);
    this.keep();
  }

  /** Stores what isn't stored yet. */
  keep(): void {
    try {
      for (const [id, { question, answers }] of [...this.#unkept]) {
        this.#parts.conversations.keepTurn(id, question, answers);
        this.#unkept.delete(id);
      }
    } catch (cause) {
      this.#parts.emit({ type: 'notice', notice: { kind: 'answer-not-kept', failure: failureOf(cause) } });
    }
  }
}

/** Progress and text on their way are not kept. */
function isKept(before: TurnAnswer | undefined, after: TurnAnswer | undefined): boolean {
  return before?.state !== after?.state || (after !== undefined && isOver(after));
}
