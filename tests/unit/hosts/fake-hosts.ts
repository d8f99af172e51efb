/**
 * Hosts without a process and without a model: everything between the services and the neural network is real (supervision, client,
 * protocol, host, jobs, queue), the rest is a text that says what it was made of. Each step of the device waits to be allowed, so that
 * a test decides in which order things happen.
 */
import type { Answer, Capabilities, ContextSpec, MemoryUse, PlanOffer, Question } from '../../../engine/engine.ts';
import { ProximaError } from '../../../engine/errors.ts';
import type { Fit } from '../../../engine/fit.ts';
import { serveEngine } from '../../../engine/hosts/host.ts';
import { type HostMessage, isPing } from '../../../engine/hosts/host-envelope.ts';
import type { Port, Reply } from '../../../engine/hosts/protocol.ts';
import { type Clock, type EngineProcess, type WatchedHost, watchHost } from '../../../engine/hosts/watched-host.ts';
import type { OpenReading, Reader } from '../../../engine/local/reader.ts';

export function offer(id: string, standing: PlanOffer['standing'], saving: number): PlanOffer {
  return { id, label: id, standing, found: 'made up', units: [], saving, check: null, evaluated: null };
}

export const PLANS: readonly PlanOffer[] = [offer('dense', 'all kept', 0), offer('pod', 'adapted', 0.4)];
/** Bytes of a chunk under each plan, and what a reading takes besides. */
const CHUNK_BYTES: Readonly<Record<string, number>> = { dense: 1000, pod: 600 };
const SCRATCH_BYTES = 100;
const ANSWER_PIECES = 3;

export interface FakeOptions {
  /** Steps need not be allowed. */
  readonly automatic?: boolean;
  readonly memoryBytes?: number;
  readonly plans?: readonly PlanOffer[];
}

interface Step {
  go(): void;
}

/** A clock that stands until it is told to go on. */
export class ManualClock implements Clock {
  readonly #timers = new Set<{ milliseconds: number; due: number; work(): void }>();
  #now = 0;

  get timers(): number {
    return this.#timers.size;
  }

  every(milliseconds: number, work: () => void): () => void {
    const timer = { milliseconds, due: this.#now + milliseconds, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Time passes, and every timer that is due in it fires as often as it should. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#timers].sort((one, other) => one.due - other.due)[0];
      if (!next || next.due > until) break;
      this.#now = next.due;
      next.due += next.milliseconds;
      next.work();
      await settled();
    }
    this.#now = until;
  }

  /** The machine sleeps: timers that were due meanwhile fire once, when it wakes. */
  async sleep(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    for (const timer of [...this.#timers]) {
      if (timer.due > this.#now) continue;
      timer.due = this.#now + timer.milliseconds;
      timer.work();
    }
    await settled();
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export class FakeHosts {
  readonly clock = new ManualClock();
  readonly #options: FakeOptions;
  readonly #steps: Step[] = [];
  readonly #processes = new Set<FakeProcess>();
  /** What a device refuses: everything under 'dense', or the next chunk. */
  full: 'dense' | 'once' | undefined;
  /** The device is gone at its next step. */
  deviceLost = false;
  /** Starts that don't end by themselves. */
  slow = false;
  /** No host starts. */
  refuses = false;
  /** Bytes in use, by all readings of all hosts. */
  bytes = 0;
  started = 0;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
  }

  /** Hosts that have not ended. */
  get live(): number {
    return this.#processes.size;
  }

  get plans(): readonly PlanOffer[] {
    return this.#options.plans ?? PLANS;
  }

  get waitingSteps(): number {
    return this.#steps.length;
  }

  get availableBytes(): number {
    return (this.#options.memoryBytes ?? Number.MAX_SAFE_INTEGER) - this.bytes;
  }

  start(runtime: string, signal?: AbortSignal): Promise<WatchedHost> {
    this.started++;
    if (this.refuses) return Promise.reject(new ProximaError('engine-lost', { reason: 'a test' }));
    const process = new FakeProcess(this, runtime, this.slow);
    this.#processes.add(process);
    return watchHost(process, { signal, clock: this.clock, availableBytes: () => this.availableBytes });
  }

  /** Lets the device do its next step. */
  step(): void {
    this.#steps.shift()?.go();
  }

  die(): void {
    for (const process of [...this.#processes]) process.end('its process ended');
  }

  hang(): void {
    for (const process of this.#processes) process.hangs = true;
  }

  get anyHangs(): boolean {
    return [...this.#processes].some(({ hangs }) => hangs);
  }

  /** Slow starts come to their end. */
  finishStarts(): void {
    for (const process of this.#processes) process.ready();
  }

  ended(process: FakeProcess): void {
    this.#processes.delete(process);
  }

  /** Resolves when a step of the device is allowed. */
  async allowed(process: FakeProcess): Promise<void> {
    if (!this.#options.automatic) await new Promise<void>((go) => this.#steps.push({ go }));
    if (process.over) await new Promise(() => {}); // A process that has ended does nothing any more.
    if (this.deviceLost) {
      this.deviceLost = false;
      throw new ProximaError('device-lost', { reason: 'a test' });
    }
  }

  /** Throws where the device has no memory left. */
  requireRoom(plan: string): void {
    if (this.full === plan || this.full === 'once') {
      if (this.full === 'once') this.full = undefined;
      throw new ProximaError('device-out-of-memory', { bytes: this.bytes });
    }
  }
}

class FakeProcess implements EngineProcess {
  readonly #hosts: FakeHosts;
  readonly #runtime: string;
  readonly #fromHost: ((message: HostMessage) => void)[] = [];
  readonly #toHost: ((event: { data: unknown }) => void)[] = [];
  readonly #exits: ((cause: string) => void)[] = [];
  readonly readings = new Set<FakeReading>();
  #isReady = false;
  hangs = false;
  over = false;

  constructor(hosts: FakeHosts, runtime: string, slow: boolean) {
    this.#hosts = hosts;
    this.#runtime = runtime;
    const port: Port = {
      postMessage: (reply) => this.#say({ kind: 'reply', reply: structuredClone(reply) as Reply }),
      addEventListener: (_, listener) => void this.#toHost.push(listener),
    };
    serveEngine(port, async (folder) => new FakeReader(hosts, this, folder, this.#runtime));
    if (!slow) queueMicrotask(() => this.ready());
  }

  ready(): void {
    if (this.#isReady || this.over) return;
    this.#isReady = true;
    this.#say({ kind: 'ready', runtime: this.#runtime });
  }

  post(message: unknown): void {
    const copy = structuredClone(message);
    queueMicrotask(() => {
      if (this.over || this.hangs) return;
      if (isPing(copy)) this.#say({ kind: 'pong' });
      else for (const listener of this.#toHost) listener({ data: copy });
    });
  }

  onMessage(listener: (message: HostMessage) => void): void {
    this.#fromHost.push(listener);
  }

  onExit(listener: (cause: string) => void): void {
    this.#exits.push(listener);
  }

  kill(): void {
    this.end('it was killed');
  }

  end(cause: string): void {
    if (this.over) return;
    this.over = true;
    for (const reading of this.readings) reading.close();
    this.#hosts.ended(this);
    for (const listener of this.#exits) queueMicrotask(() => listener(cause));
  }

  #say(message: HostMessage): void {
    queueMicrotask(() => {
      if (!this.over && !this.hangs) for (const listener of this.#fromHost) listener(message);
    });
  }
}

class FakeReader implements Reader {
  readonly #hosts: FakeHosts;
  readonly #process: FakeProcess;
  readonly model;
  readonly capabilities: Capabilities;

  constructor(hosts: FakeHosts, process: FakeProcess, folder: string, runtime: string) {
    this.#hosts = hosts;
    this.#process = process;
    this.capabilities = {
      plans: hosts.plans,
      evidence: 'attention',
      answers: 'written',
      tokenCounts: 'exact',
      snapshots: false,
    };
    this.model = { name: folder, runtime, layers: 1, contextTokens: 1_000_000, weightBytes: 1 };
  }

  availableBytes(): number {
    return this.#hosts.availableBytes;
  }

  measure(context: Omit<ContextSpec, 'plan'>, availableBytes: number) {
    const fits = PLANS.map(({ id }) => ({ plan: id, fit: fitOf({ ...context, plan: id }, availableBytes) }));
    return { tokens: chunksOf(context).length, fits };
  }

  begin(context: ContextSpec, availableBytes: number): OpenReading {
    const fit = fitOf(context, availableBytes);
    if (fit.limit === 'memory') {
      const { tokens, cacheBytes, denseBytes } = fit;
      const neededBytes = cacheBytes + SCRATCH_BYTES;
      throw new ProximaError('memory-too-small', { tokens, neededBytes, denseBytes, availableBytes, range: null });
    }
    return new FakeReading(this.#hosts, this.#process, this.model.name, context, fit);
  }

  async close(): Promise<void> {}
}

/** One token, one chunk: a letter of the text. */
function chunksOf({ parts }: Pick<ContextSpec, 'parts'>): string[] {
  return parts.flatMap(({ pages }) => pages.flatMap(({ text }) => [...text]));
}

function fitOf(context: ContextSpec, availableBytes: number): Fit {
  const tokens = chunksOf(context).length;
  const cacheBytes = tokens * (CHUNK_BYTES[context.plan] ?? 0);
  return {
    tokens,
    contextTokens: 1_000_000,
    cacheBytes,
    denseBytes: tokens * (CHUNK_BYTES.dense ?? 0),
    scratchBytes: SCRATCH_BYTES,
    availableBytes,
    lastPageThatFits: 0,
    limit: cacheBytes + SCRATCH_BYTES > availableBytes ? 'memory' : 'none',
  };
}

class FakeReading implements OpenReading {
  readonly #hosts: FakeHosts;
  readonly #process: FakeProcess;
  readonly #model: string;
  readonly #text: string;
  readonly plan: string;
  readonly fit: Fit;
  readonly tokenCount: number;
  #read = 0;
  #closed = false;

  constructor(hosts: FakeHosts, process: FakeProcess, model: string, context: ContextSpec, fit: Fit) {
    this.#hosts = hosts;
    this.#process = process;
    this.#model = model;
    this.#text = chunksOf(context).join('');
    this.plan = context.plan;
    this.fit = fit;
    this.tokenCount = fit.tokens;
    process.readings.add(this);
  }

  get whole(): boolean {
    return this.#read === this.tokenCount;
  }

  get progress() {
    return { done: this.#read, total: this.tokenCount, seconds: this.#read, page: 1 };
  }

  async readChunk(): Promise<void> {
    await this.#hosts.allowed(this.#process);
    this.#hosts.requireRoom(this.plan);
    if (this.#closed) throw new Error('it was closed while it was read');
    this.#read++;
    this.#hosts.bytes += this.#chunkBytes;
  }

  async ask(
    question: Question,
    { signal, onText }: { signal: AbortSignal; onText: (text: string) => void },
  ): Promise<Answer> {
    // What was said before keeps its own parts to itself.
    const before = question.turns
      .map(({ question: asked, answer }) => `${asked}=${answer.replaceAll('|', '/')}`)
      .join('&');
    const text = `${this.#model}|${this.plan}|${this.#text}|${before}|${question.text}`;
    const piece = Math.ceil(text.length / ANSWER_PIECES);
    for (let from = 0; from < text.length; from += piece) {
      await this.#hosts.allowed(this.#process);
      this.#hosts.requireRoom(this.plan);
      if (this.#closed) throw new Error('it was closed while it was asked');
      if (signal.aborted) throw new ProximaError('cancelled');
      onText(text.slice(from, from + piece));
    }
    const speed = { seconds: 1, firstTokenSeconds: 1, decodeTokensPerSecond: 1 };
    return {
      question: question.text,
      answer: text,
      pages: [],
      closest: [],
      confidence: null,
      stopped: 'stop-token',
      ...speed,
    };
  }

  memory(): MemoryUse {
    const bytes = this.#closed ? 0 : this.#read * this.#chunkBytes;
    const denseBytes = this.#read * (CHUNK_BYTES.dense ?? 0);
    const parts = [{ label: 'values', format: 'f16', bytes }] as const;
    return { bytes, denseBytes, saving: 0, parts };
  }

  close(): void {
    if (!this.#closed) this.#hosts.bytes -= this.#read * this.#chunkBytes;
    this.#closed = true;
    this.#process.readings.delete(this);
  }

  get #chunkBytes(): number {
    return CHUNK_BYTES[this.plan] ?? 0;
  }
}
