/** Conversations about documents and their turns, kept as they are said. */
import { randomUUID } from 'node:crypto';
import { ProximaError } from '../../engine/errors.ts';
import type { Conversation, SearchHit, Turn, TurnAnswer } from '../contract.ts';
import type { Database } from './database.ts';

interface TurnRow {
  id: string;
  conversation: string;
  question: string;
  asked: number;
  answers: string;
}

const NEW_TITLE = 'New conversation';
const TITLE_LENGTH = 60;
const EXCERPT_AROUND = 60;
const MOST_HITS = 50;

/** Methods that name a conversation or a turn throw `entry-missing` where there is none. */
export class ConversationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(document: string): Conversation[] {
    return this.#database.all('SELECT * FROM conversations WHERE document = ? ORDER BY changed DESC', document);
  }

  create(document: string): Conversation {
    const now = Date.now();
    const conversation = { id: randomUUID(), document, title: NEW_TITLE, created: now, changed: now };
    const { id, title } = conversation;
    this.#database.run('INSERT INTO conversations VALUES (?, ?, ?, ?, ?)', id, document, title, now, now);
    return conversation;
  }

  get(id: string): Conversation {
    return found(this.#database.one<Conversation>('SELECT * FROM conversations WHERE id = ?', id));
  }

  rename(id: string, title: string): Conversation {
    this.#database.run('UPDATE conversations SET title = ? WHERE id = ?', title, id);
    return this.get(id);
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM conversations WHERE id = ?', id);
  }

  turns(conversation: string): Turn[] {
    return this.#database
      .all<TurnRow>('SELECT * FROM turns WHERE conversation = ? ORDER BY place', conversation)
      .map(turnOf);
  }

  turn(id: string): Turn {
    return turnOf(found(this.#database.one<TurnRow>('SELECT * FROM turns WHERE id = ?', id)));
  }

  /** A new turn at the end; the first one gives the conversation its title. */
  addTurn(conversation: string, question: string, answers: readonly TurnAnswer[]): Turn {
    const turn: Turn = { id: randomUUID(), conversation, question, asked: Date.now(), answers };
    const { title } = this.get(conversation);
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO turns SELECT ?, ?, coalesce(max(place), 0) + 1, ?, ?, ? FROM turns WHERE conversation = ?`,
        turn.id,
        conversation,
        question,
        turn.asked,
        JSON.stringify(answers),
        conversation,
      );
      const titled = title === NEW_TITLE ? shortened(question) : title;
      this.#database.run(
        'UPDATE conversations SET changed = ?, title = ? WHERE id = ?',
        turn.asked,
        titled,
        conversation,
      );
    });
    return turn;
  }

  /** Other words and answers for a turn; the turns after it are taken away, for they answered to what it said. */
  replaceTurn(id: string, question: string, answers: readonly TurnAnswer[]): { turn: Turn; removed: string[] } {
    const { conversation } = this.turn(id);
    const turns = this.turns(conversation);
    const removed = turns.slice(turns.findIndex((each) => each.id === id) + 1).map((each) => each.id);
    this.#database.transaction(() => {
      this.keepTurn(id, question, answers);
      for (const each of removed) this.#database.run('DELETE FROM turns WHERE id = ?', each);
    });
    return { turn: this.turn(id), removed };
  }

  keepTurn(id: string, question: string, answers: readonly TurnAnswer[]): void {
    this.#database.run(
      'UPDATE turns SET question = ?, answers = ? WHERE id = ?',
      question,
      JSON.stringify(answers),
      id,
    );
  }

  /** Answers that were under way when Proxima ended: what had been said of them is kept. */
  endUnfinished(): void {
    for (const row of this.#database.all<TurnRow>(`SELECT * FROM turns WHERE answers LIKE '%"state":"answering"%'
        OR answers LIKE '%"state":"waiting"%'`)) {
      const turn = turnOf(row);
      const ended = turn.answers.map((each) =>
        each.state === 'answering' || each.state === 'waiting' ? { ...each, state: 'stopped' as const } : each,
      );
      this.keepTurn(turn.id, turn.question, ended);
    }
  }

  /** Turns in whose question or answer some words stand, latest first. */
  search(words: string): SearchHit[] {
    const wanted = words.trim();
    if (wanted === '') return [];
    const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    const inJson = JSON.stringify(wanted).slice(1, -1);
    return this.#database
      .all<TurnRow>(
        `SELECT * FROM turns WHERE question LIKE ? ESCAPE '\\' OR answers LIKE ? ESCAPE '\\' ORDER BY asked DESC`,
        containing(wanted),
        containing(inJson),
      )
      .map(turnOf)
      .flatMap((turn) => this.#hit(turn, wanted))
      .slice(0, MOST_HITS);
  }

  /** The rows are found in JSON; here it is asked whether the words stand in what was really said. */
  #hit(turn: Turn, wanted: string): SearchHit[] {
    const said = [turn.question, ...turn.answers.map((each) => each.text)];
    const text = said.find((each) => each.toLowerCase().includes(wanted.toLowerCase()));
    if (text === undefined) return [];
    const at = text.toLowerCase().indexOf(wanted.toLowerCase());
    const start = Math.max(0, at - EXCERPT_AROUND);
    const end = Math.min(text.length, at + wanted.length + EXCERPT_AROUND);
    const excerpt = `${start > 0 ? '… ' : ''}${text.slice(start, end)}${end < text.length ? ' …' : ''}`;
    return [{ conversation: this.get(turn.conversation), turn: turn.id, excerpt }];
  }
}

function turnOf({ id, conversation, question, asked, answers }: TurnRow): Turn {
  const kept = JSON.parse(answers) as (Omit<TurnAnswer, 'closest' | 'confidence'> & Partial<TurnAnswer>)[];
  // Answers of earlier versions have no confidence.
  const whole = kept.map((each) => ({ ...each, closest: each.closest ?? [], confidence: each.confidence ?? null }));
  return { id, conversation, question, asked, answers: whole };
}

function shortened(question: string): string {
  return question.length <= TITLE_LENGTH ? question : `${question.slice(0, TITLE_LENGTH - 1).trimEnd()}…`;
}

function found<Entry>(entry: Entry | undefined): Entry {
  if (entry) return entry;
  throw new ProximaError('entry-missing', { what: 'conversation', name: '' });
}
