/**
 * The app over hosts without a process: what a reader can do and what can happen to an engine, in any order, and what must hold
 * however it went.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { AppEvent, Conversation, DocumentEntry, Settings, Turn } from '../../../electron/contract.ts';
import { isOver } from '../../../electron/services/answer-state.ts';
import { type App, appOf } from '../../../electron/services/app.ts';
import { createServices, type Services } from '../../../electron/services/services.ts';
import { type Document, documentOf } from '../../../engine/documents/document.ts';
import { type ErrorCode, ProximaError } from '../../../engine/errors.ts';
import { FakeHosts, settled } from '../../unit/hosts/fake-hosts.ts';

/** In memory where the system has such a folder: ten thousand data folders are made. */
const TEMPORARY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** Room for two or three documents, not for all. */
const MEMORY_BYTES = 7_000;
const OTHER_MODEL = 'other';
/** What a call may be refused with: what it names may be gone, the disk full, the engine lost again and again, or replaced. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'entry-missing',
  'storage-full',
  'cancelled',
  'engine-lost',
  'device-lost',
  'device-out-of-memory',
  'runtime-missing',
]);

/** Calls that stop answers: their own, or all that depend on what is changed. */
const STOPPING: ReadonlySet<string> = new Set(['stop', 'cancelReading', 'read', 'removeDocument', 'changeSettings']);

interface AskedTurn {
  readonly conversation: string;
  readonly document: string;
  readonly questions: string[];
}

export class World {
  readonly hosts = new FakeHosts({ memoryBytes: MEMORY_BYTES });
  readonly #folder = mkdtempSync(join(TEMPORARY, 'proxima-world-'));
  readonly services: Services;
  readonly app: App;
  readonly documents: { readonly id: string; readonly text: string }[] = [];
  readonly conversations: { readonly id: string; readonly document: string }[] = [];
  readonly turns: string[] = [];
  readonly #asked = new Map<string, AskedTurn>();
  readonly #pending = new Set<Promise<unknown>>();
  /** The screen, as events make it. */
  readonly #shown = new Map<string, Turn>();
  readonly #documentStates = new Map<string, DocumentEntry>();
  readonly faults: string[] = [];
  readonly events: AppEvent[] = [];
  graphicsMissing = false;
  /** Until then no file's text is taken out. */
  fileIsRead: Promise<void> = Promise.resolve();
  abortedFiles = 0;
  #number = 0;
  #diskIsFull = false;

  constructor() {
    mkdirSync(join(this.#folder, 'models'));
    const models = [{ name: OTHER_MODEL, folder: OTHER_MODEL, own: false }];
    writeFileSync(join(this.#folder, 'models/models.json'), JSON.stringify({ version: 1, models }));
    this.services = createServices({
      dataFolder: this.#folder,
      modelFolder: 'reader',
      catalogueFile: 'none',
      startHost: ({ runtime }, _, signal) => this.#startHost(runtime, signal),
      readFile: async (path, { signal }) => this.#readFile(path, signal),
    });
    this.services.settings.change({ runtime: 'cpu' });
    this.app = appOf(this.services);
    this.app.onEvent((event) => this.#show(event));
  }

  /** A dash ends a page. */
  async #readFile(path: string, signal: AbortSignal | undefined): Promise<Document> {
    signal?.addEventListener('abort', () => void this.abortedFiles++);
    await this.fileIsRead;
    const pages = readFileSync(path, 'utf8').split('-');
    return documentOf(pages.map((text, index) => ({ number: index + 1, text })));
  }

  async #startHost(runtime: Settings['runtime'], signal: AbortSignal) {
    if (runtime === 'webgpu' || (runtime === 'auto' && this.graphicsMissing))
      throw new ProximaError('runtime-missing', { runtime, reason: 'a test' });
    return this.hosts.start(runtime, signal);
  }

  /** Two documents, as most people have: about to be read. */
  async begin(): Promise<this> {
    await this.add('abc');
    await this.add('de');
    return this;
  }

  async add(text: string): Promise<void> {
    const entry = await this.#call(this.app.addFile(`${text}.txt`, Readable.from([text])));
    if (!entry) return;
    const { id } = entry;
    this.documents.push({ id, text });
    const conversation = await this.#call(this.#handle('createConversation', { document: id }));
    if (conversation) this.conversations.push({ id: (conversation as Conversation).id, document: id });
  }

  async ask(place: number, compare: boolean): Promise<void> {
    const conversation = chosen(this.conversations, place);
    if (!conversation) return;
    const question = `q${++this.#number}`;
    const turn = (await this.#call(this.#handle('ask', { conversation: conversation.id, question, compare }))) as Turn;
    if (!turn) return;
    this.turns.push(turn.id);
    this.#asked.set(turn.id, { conversation: conversation.id, document: conversation.document, questions: [question] });
  }

  async edit(place: number): Promise<void> {
    const turn = chosen(this.turns, place);
    if (turn === undefined) return;
    const question = `q${++this.#number}`;
    this.#asked.get(turn)?.questions.push(question);
    await this.#call(this.#handle('editQuestion', { turn, question }));
  }

  onTurn(call: 'retry' | 'stop', place: number): Promise<unknown> {
    const turn = chosen(this.turns, place);
    return turn === undefined ? Promise.resolve() : this.#call(this.#handle(call, { turn }));
  }

  onDocument(call: string, place: number, more: object = {}): Promise<unknown> {
    const document = chosen(this.documents, place);
    return document ? this.#call(this.#handle(call, { document: document.id, ...more })) : Promise.resolve();
  }

  deleteConversation(place: number): Promise<unknown> {
    const conversation = chosen(this.conversations, place);
    if (!conversation) return Promise.resolve();
    return this.#call(this.#handle('deleteConversation', { conversation: conversation.id }));
  }

  change(settings: Partial<Settings>): Promise<unknown> {
    return this.#call(this.#handle('changeSettings', settings));
  }

  /** SQLite itself refuses to grow. */
  fillDisk(isFull: boolean): void {
    this.#diskIsFull = isFull;
    this.services.database.one(`PRAGMA max_page_count = ${isFull ? 1 : 1_000_000}`);
  }

  /** Everything that can go on goes on, until nothing does. */
  async quiesce(): Promise<void> {
    await this.#unblock();
    for (let quiet = 0; quiet < 6; ) {
      const before = this.hosts.waitingSteps;
      await this.#goOn();
      // An engine that could not be started is tried again by whoever needs it next.
      if (this.services.engine.state.state === 'failed') void this.#need();
      quiet = before === 0 && this.#isAtRest ? quiet + 1 : 0;
      if (quiet === 0) await this.#breathe();
    }
  }

  async #unblock(): Promise<void> {
    this.fillDisk(false);
    this.hosts.full = undefined;
    this.hosts.deviceLost = false;
    this.hosts.slow = false;
    if (this.services.settings.get().runtime === 'webgpu') await this.change({ runtime: 'cpu' });
    for (const { id } of this.documents)
      await this.#call(this.#handle('pauseReading', { document: id, paused: false }));
  }

  async #goOn(): Promise<void> {
    this.hosts.finishStarts();
    while (this.hosts.waitingSteps > 0) {
      this.hosts.step();
      await settled();
    }
    await settled();
    if (this.hosts.anyHangs) await this.hosts.clock.pass(130_000); // What hangs is ended by its watchdog.
  }

  /** Files are read and written in real time. Throws where it never comes to rest. */
  async #breathe(): Promise<void> {
    if (++this.#rounds % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.#rounds > MOST_ROUNDS) throw new Error(`it never comes to rest: ${this.#pending.size} calls pending`);
  }

  /** Something that needs the engine. */
  async #need(): Promise<void> {
    const { documents } = await this.app.handlers.getState({});
    if (documents[0]) await this.#call(this.#handle('measure', { document: documents[0].id }));
    else await this.change({ threads: (this.services.settings.get().threads ?? 0) + 1 });
  }

  #rounds = 0;

  get #isAtRest(): boolean {
    return this.hosts.waitingSteps === 0 && this.#pending.size === 0 && this.services.engine.state.state === 'ready';
  }

  /** What must hold once everything is at rest. */
  async check(): Promise<string[]> {
    const state = await this.app.handlers.getState({});
    if (state.engine.state !== 'ready') this.faults.push(`the engine is ${state.engine.state}`);
    for (const { id, reading } of state.documents) {
      if (['waiting', 'reading', 'paused'].includes(reading.state)) this.faults.push(`${id} is ${reading.state}`);
      if (this.#documentStates.get(id)?.reading.state !== reading.state)
        this.faults.push('a reading state was not told');
      // Each fits when it is alone, under every plan.
      if (reading.state === 'unfit') this.faults.push(`${id} is unfit, though others could be evicted`);
    }
    const live = new Set(state.documents.map(({ id }) => id));
    for (const { id: conversation, document } of this.conversations) {
      if (live.has(document)) await this.#checkConversation(conversation);
    }
    if (this.hosts.live > 1) this.faults.push(`${this.hosts.live} hosts run`);
    return this.faults;
  }

  async #checkConversation(conversation: string): Promise<void> {
    const found = await this.#call(this.#handle('getConversation', { conversation }));
    if (!found) return;
    const { turns } = found as { turns: Turn[] };
    for (const turn of turns) this.#checkTurn(turn);
    const shown = [...this.#shown.values()].filter((turn) => turn.conversation === conversation);
    const same = JSON.stringify(sorted(shown)) === JSON.stringify(sorted(turns));
    if (!same && !this.#everFull)
      this.faults.push(`the screen shows ${JSON.stringify(shown)}, kept is ${JSON.stringify(turns)}`);
  }

  #checkTurn(turn: Turn): void {
    const asked = this.#asked.get(turn.id);
    const document = this.documents.find(({ id }) => id === asked?.document)?.text ?? '';
    for (const answer of turn.answers) {
      if (!isOver(answer)) this.faults.push(`turn ${turn.id} is ${answer.state}`);
      if (answer.failure?.code === 'memory-too-small') this.faults.push('an answer failed that room could be made for');
      if (answer.state === 'stopped' && !this.#takenBack) this.faults.push('an answer stopped that nobody stopped');
      if (answer.state !== 'done') continue;
      const [model, plan, read, before, question] = answer.text.split('|');
      const belongs = [['reader', OTHER_MODEL].includes(model ?? ''), plan, read, question];
      const stands = [true, answer.plan, document, turn.question];
      if (belongs.join() !== stands.join()) this.faults.push(`the answer ${answer.text} stands at ${stands.join()}`);
      this.#checkBefore(turn, before ?? '');
    }
  }

  /** Turns before it are of its own conversation. */
  #checkBefore(turn: Turn, before: string): void {
    const own = [...this.#asked.values()].filter(({ conversation }) => conversation === turn.conversation);
    const questions = new Set(own.flatMap((each) => each.questions));
    // Answers hold the turns before them in turn; the first of each is the question.
    for (const [asked] of before.matchAll(/q\d+(?==)/g))
      if (!questions.has(asked)) this.faults.push(`${asked} was not asked in this conversation`);
  }

  close(): string[] {
    this.app.close();
    rmSync(this.#folder, { recursive: true, force: true });
    const { live, clock } = this.hosts;
    const left: string[] = [];
    if (live > 0) left.push(`${live} hosts are left over`);
    if (clock.timers > 0) left.push(`${clock.timers} timers are left over`);
    return left;
  }

  get bytesInUse(): number {
    return this.hosts.bytes;
  }

  #everFull = false;
  /** Whether anything was done that stops answers. */
  #takenBack = false;

  #handle(call: string, parameters: object): Promise<unknown> {
    if (this.#diskIsFull) this.#everFull = true;
    if (STOPPING.has(call)) this.#takenBack = true;
    const handlers = this.app.handlers as unknown as Record<string, (parameters: object) => unknown>;
    return (async () => handlers[call]?.(parameters))();
  }

  /** Follows a call to its end; undefined where it was refused as it may be. */
  async #call<Result>(work: Promise<Result>): Promise<Result | undefined> {
    const settling = work.catch((cause) => {
      const isExpected = cause instanceof ProximaError && REFUSALS.has(cause.code);
      if (!isExpected) this.faults.push(`a call failed: ${String(cause)}`);
      return undefined;
    });
    this.#pending.add(settling);
    settling.finally(() => this.#pending.delete(settling));
    return settling;
  }

  #show(event: AppEvent): void {
    this.events.push(event);
    if (event.type === 'document') this.#documentStates.set(event.document.id, event.document);
    if (event.type === 'turn') this.#showTurn(event.turn);
    if (event.type === 'turns-removed') for (const turn of event.turns) this.#shown.delete(turn);
    if (event.type === 'conversation-deleted')
      for (const [id, turn] of [...this.#shown]) if (turn.conversation === event.conversation) this.#shown.delete(id);
    if (event.type === 'text') {
      const turn = this.#shown.get(event.turn);
      if (!turn) return;
      const answers = turn.answers.map((each, index) =>
        index === event.answer ? { ...each, text: each.text.slice(0, event.from) + event.text } : each,
      );
      this.#shown.set(turn.id, { ...turn, answers });
    }
  }

  /** An answer is done under the model that is in use. */
  #showTurn(turn: Turn): void {
    const before = this.#shown.get(turn.id);
    this.#shown.set(turn.id, turn);
    const model = this.services.settings.get().model ?? 'reader';
    for (const [index, answer] of turn.answers.entries()) {
      if (answer.state !== 'done' || before?.answers[index]?.state === 'done') continue;
      if (!answer.text.startsWith(`${model}|`)) this.faults.push(`an answer came of another model than ${model}`);
    }
  }
}

const MOST_ROUNDS = 2000;

function chosen<Item>(items: readonly Item[], place: number): Item | undefined {
  return items[place % Math.max(1, items.length)];
}

function sorted(turns: readonly Turn[]): Turn[] {
  return [...turns].sort((one, other) => one.id.localeCompare(other.id));
}
